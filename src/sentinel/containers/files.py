"""Which files a model's folder holds, and whether each lies where it seems to."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sentinel.findings import Findings

SKIPPED = ((".git",), (".cache", "huggingface"))
_CACHE_BLOB = re.compile(r"(\.\./)+blobs/[0-9a-f]{40}([0-9a-f]{24})?")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def walk(folder: Path) -> list[Path]:
    """Return the regular files of a model's folder, relative to it and sorted.

    Links count if they stay inside the folder or lead to a blob of the hub client's own cache.
    The hub's download records (``.cache/huggingface``) and git's folder are left out.
    """
    return sorted(
        path.relative_to(folder)
        for path in _entries(folder)
        if not _is_skipped(path.relative_to(folder)) and _is_file(folder, path)
    )


def _entries(folder: Path) -> Iterator[Path]:
    """Yield everything below a folder that is no folder, without following links to folders."""
    for parent, folders, files in os.walk(folder, followlinks=False):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        yield from (Path(parent, name) for name in files + links)


def _is_skipped(path: Path) -> bool:
    return any(path.parts[: len(top)] == top and len(path.parts) > len(top) for top in SKIPPED)


def _is_file(folder: Path, path: Path) -> bool:
    try:
        return path.is_file() and (not path.is_symlink() or _stays(folder, path))
    except OSError:
        return False  # a link that cannot be followed: check_files reports it


def _stays(folder: Path, link: Path) -> bool:
    """Whether a link leads into the folder, or from a snapshot to a blob of the same model."""
    target = link.resolve()
    if target.is_relative_to(folder.resolve()):
        return True
    snapshot = folder.absolute().parent
    in_cache = snapshot.name == "snapshots" and snapshot.parent.name.startswith("models--")
    named = _CACHE_BLOB.fullmatch(str(link.readlink())) is not None
    return in_cache and named and target.parent == (snapshot.parent / "blobs").resolve()


def check_files(folder: Path) -> Findings:
    """Report links that leave the folder, special files, and names that deceive."""
    findings = Findings()
    names = []
    for path in _entries(folder):
        name = path.relative_to(folder).as_posix()
        names.append(name)
        try:
            _check_kind(findings, folder, path, name)
        except (OSError, RuntimeError) as error:  # a loop of links
            findings.error("Broken link", name, "a link that can be followed", str(error))
        _check_name(findings, name)
    _check_collisions(findings, names)
    return findings


def _check_kind(findings: Findings, folder: Path, path: Path, name: str) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        if not _stays(folder, path):
            findings.error("Link leaves the folder", name, "a file inside", path.readlink())
        elif not path.exists():
            findings.error("Broken link", name, "a link to a file", path.readlink())
        elif path.is_dir():
            findings.warn("Link to a folder", name, "a file", path.readlink())
    elif not stat.S_ISREG(mode):
        findings.error("Special file", name, "a regular file", stat.filemode(mode))
    elif mode & (stat.S_ISUID | stat.S_ISGID):
        findings.error("Special file", name, "ordinary permissions", stat.filemode(mode))


def _check_name(findings: Findings, name: str) -> None:
    hidden = [c for c in name if unicodedata.category(c) in _INVISIBLE]
    if hidden:
        shown = ", ".join(f"U+{ord(c):04X}" for c in hidden[:5])
        findings.error("Deceptive file name", name, "visible characters only", shown)
    elif unicodedata.normalize("NFKC", name) != unicodedata.normalize("NFC", name):
        findings.warn("Deceptive file name", name, unicodedata.normalize("NFKC", name), name)
    elif "\\" in name:
        findings.error("Deceptive file name", name, "no backslash", "a path on Windows")


def _check_collisions(findings: Findings, names: list[str]) -> None:
    """Report names that one file system tells apart and another does not."""
    folded = Counter(unicodedata.normalize("NFC", name).casefold() for name in names)
    for name in names:
        if folded[unicodedata.normalize("NFC", name).casefold()] > 1:
            findings.error("Ambiguous file name", name, "names that differ by more than case", name)
