"""The check of `verify_manifest`: missing, changed, added and unsafe names of a folder."""

import hashlib
import os
import random
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.provenance.plain import is_texts

KINDS = ("missing", "changed", "added", "unsafe")
STEMS = ("config", "weights", "vocab", "merges", "tokenizer", "notes", "labels", "card", "stats")
ENDINGS = (".json", ".bin", ".txt", ".md")
FOLDERS = ("", "", "onnx/", "1_Pooling/", "extra/deep/")


@exercise("verify_manifest")
class VerifyManifest:
    """`verify_manifest(folder, manifest)`: four lists of names."""

    def cases(self, seed: int) -> list[Case]:
        draw = random.Random(seed)
        return [*(_telling_case(draw) for _ in range(3)), _sound_case(draw)]

    def observe(self, verify_manifest: Any, case: Case) -> Seen:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "model"
            _write(folder, case)
            found = verify_manifest(folder, dict(case["manifest"]))
        if not isinstance(found, dict):
            return {"type": type(found).__name__}
        return {"type": "dict", "found": {str(key): _names(value) for key, value in found.items()}}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        found = seen.get("found")
        if seen.get("type") != "dict" or not isinstance(found, dict):
            return Hint("not_a_dict", {"type": str(seen.get("type"))})
        if set(found) != set(KINDS):
            return Hint("other_keys")
        if not all(is_texts(names) for names in found.values()):
            return Hint("not_lists")
        expected = expected_names(case)
        found = {kind: sorted(names) for kind, names in found.items()}
        return None if found == expected else _mistake(found, expected, case)

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        named = {
            "FileNotFoundError": "missing_is_opened",
            "IsADirectoryError": "folder_is_opened",
            "PermissionError": "folder_is_opened",
        }
        name = named.get(error.get("type", ""))
        return Hint(name) if name else None


def expected_names(case: Case) -> dict[str, list[str]]:
    """Return what a case's folder holds against its manifest."""
    files, manifest, links = case["files"], case["manifest"], case["links"]
    outside = {name for name in manifest if _leaves(name)}
    listed = set(manifest) - outside - set(links)
    changed = {name for name in listed & set(files) if _digest(files[name]) != manifest[name]}
    return {
        "missing": sorted(listed - set(files)),
        "changed": sorted(changed),
        "added": sorted(set(files) - set(manifest)),
        "unsafe": sorted(outside | set(links)),
    }


def _mistake(found: dict[str, list[str]], expected: dict[str, list[str]], case: Case) -> Hint:
    """Name the first mistake, the gravest first."""
    unsafe = set(expected["unsafe"])
    every = {name for names in found.values() for name in names}
    forgotten = unsafe - set(found["unsafe"])
    if any(_leaves(name) and name.startswith("/") for name in forgotten):
        return Hint("absolute_path")
    if any(_leaves(name) for name in forgotten):
        return Hint("leaves_the_folder")
    if forgotten:
        return Hint("link_followed", {"name": min(forgotten)})
    if any(".." in name for name in set(found["unsafe"]) - unsafe):
        return Hint("dots_in_a_name")
    if any(name in unsafe for kind in KINDS[:3] for name in found[kind]):
        return Hint("named_twice")
    folders = {str(parent) for name in case["files"] for parent in PurePosixPath(name).parents}
    if every & folders:
        return Hint("folder_as_file")
    lost = set(expected["added"]) - set(found["added"])
    wrong = set(found["missing"]) - set(expected["missing"])
    for name, overlooked in (("subfolders", _is_nested), ("hidden_files", _is_hidden)):
        if any(map(overlooked, wrong)) or (lost and all(map(overlooked, lost))):
            return Hint(name)
    if lost:
        return Hint("added_not_found", {"name": min(lost)})
    if set(expected["changed"]) - set(found["changed"]):
        return Hint("changed_not_found", {"name": min(expected["changed"])})
    kind = next(kind for kind in KINDS if found[kind] != expected[kind])
    values = {"kind": kind, "expected": expected[kind], "found": found[kind]}
    return Hint("value", {name: str(value)[:200] for name, value in values.items()})


def _names(value: Any) -> list[str] | str:
    """Return names as strings; whatever else came back by its type's name."""
    if isinstance(value, (list, tuple, set, frozenset)):
        names = list(value)
        if all(isinstance(name, str) for name in names):
            return [name[:200] for name in names]
    return type(value).__name__


def _is_nested(name: str) -> bool:
    return "/" in name


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _leaves(name: str) -> bool:
    return name.startswith("/") or ".." in PurePosixPath(name).parts


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _write(folder: Path, case: Case) -> None:
    for name, content in {**case["files"], **case["outside"]}.items():
        path = Path(os.path.normpath(folder / name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for name, target in case["links"].items():
        (folder / name).symlink_to(target)


def _drawn_files(draw: random.Random) -> dict[str, str]:
    """Draw files, some of them in subfolders, one hidden, one with two dots in its name."""
    files: dict[str, str] = {}
    stems = draw.sample(STEMS, 8)
    for number, stem in enumerate(stems):
        name = FOLDERS[number % len(FOLDERS)] + stem + draw.choice(ENDINGS)
        files[name] = f"{stem} {draw.getrandbits(64):x}"
    files[".gitattributes"] = f"{draw.getrandbits(64):x}"
    files[f"weights..v{draw.randrange(2, 90)}.bin"] = f"{draw.getrandbits(64):x}"
    return files


def _manifest(files: dict[str, str]) -> dict[str, str]:
    return {name: _digest(content) for name, content in files.items()}


def _sound_case(draw: random.Random) -> Case:
    files = _drawn_files(draw)
    return {"files": files, "manifest": _manifest(files), "outside": {}, "links": {}}


def _telling_case(draw: random.Random) -> Case:
    """Tamper with a sound folder in every way at once; which files it meets is drawn."""
    case = _sound_case(draw)
    files, manifest = case["files"], case["manifest"]
    plain = [name for name in files if "/" not in name and ".." not in name and name[0] != "."]
    nested = [name for name in files if "/" in name]
    draw.shuffle(plain)
    draw.shuffle(nested)
    for name in (plain.pop(), nested.pop()):  # gone
        del files[name]
    for name in (plain.pop(), *nested[: draw.randrange(1, 3)]):  # same size, other content
        files[name] = files[name][:-1] + ("0" if files[name][-1] != "0" else "1")
    secret = f"secret-{draw.randrange(1000)}.txt"
    case["outside"] = {f"../{secret}": f"{draw.getrandbits(64):x}"}
    manifest[f"../{secret}"] = _digest(case["outside"][f"../{secret}"])
    manifest[f"/nowhere/{draw.getrandbits(32):x}.bin"] = _digest("")
    added = [f"modeling_{draw.randrange(100)}.py", f"onnx/{draw.randrange(100)}.bin", ".env"]
    for name in draw.sample(added, draw.randrange(2, 4)):
        files[name] = f"{draw.getrandbits(64):x}"
    listed, unlisted = f"linked-{draw.randrange(100)}.bin", f"link-{draw.randrange(100)}.txt"
    kept = next(name for name in sorted(files) if name not in manifest or "/" not in name)
    case["links"] = {listed: f"../{secret}", unlisted: kept}
    manifest[listed] = manifest[f"../{secret}"]
    return case
