"""Lists of digests known to be right, and the model that a folder's files belong to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sentinel.findings import Findings
from sentinel.provenance.digests import FileDigest

# The course's own list, where sentinel runs from the course's repository.
COURSE_LIST = Path(__file__).resolve().parents[3] / "data" / "models.toml"
# Files that no loader reads, or only for people; they may lie beside listed files.
HARMLESS = re.compile(
    r"(.*/)?(\.gitattributes|\.gitignore|.*\.(md|txt\.license|png|jpe?g|gif|svg|webp|pdf)"
    r"|(licen[cs]e|notice|copying|use_policy)(\..*)?|release\.json|model\.sig|data_config\.json)",
    re.IGNORECASE,
)
# Files of Sentence Transformers: they pool what the listed files compute, and run no code unless
# they name some, which is checked elsewhere.
POOLING = re.compile(
    r"\d+_[A-Z]\w+/config\.json|modules\.json|(config_sentence_transformers|sentence_\w+)\.json"
)
WEIGHTS = re.compile(r".*\.(safetensors|bin|pt|pth|ckpt|gguf|onnx|h5|msgpack)", re.IGNORECASE)


@dataclass(frozen=True)
class KnownModel:
    """One entry of a list of digests, such as ``data/models.toml``.

    Attributes:
        name: its name in the list.
        hub: repository on the hub, ``organization/model``; None for a model from elsewhere.
        sha256: path inside the model's folder -> hexadecimal digest.
    """

    name: str
    hub: str | None
    sha256: dict[str, str]


def read(path: Path) -> list[KnownModel]:
    """Read a list of digests: TOML, one table a model with a table ``sha256`` inside.

    Raises:
        ValueError: the file is not such a list.
        OSError: it cannot be read.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also undecodable bytes
        raise ValueError(f"{path} is not a list of digests: {error}") from error
    return [_known_model(path, name, table) for name, table in tables.items()]


def _known_model(path: Path, name: str, table: object) -> KnownModel:
    digests = table.get("sha256") if isinstance(table, dict) else None
    if not isinstance(digests, dict) or not all(map(_is_sha256, digests.values())):
        raise ValueError(f"{path}: [{name}] needs a table of SHA-256 digests, [{name}.sha256]")
    return KnownModel(name, table.get("hub"), digests)


def _is_sha256(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def load(path: Path | None = None) -> list[KnownModel]:
    """Read a list; without a path, the course's own if it is at hand, else none.

    Raises:
        ValueError: the file is not such a list.
        OSError: it cannot be read.
    """
    if path is not None:
        return read(path)
    return read(COURSE_LIST) if COURSE_LIST.is_file() else []


@dataclass(frozen=True)
class Listed:
    """What a list says of a folder: whether it vouches for all files, and what differs."""

    vouched: bool
    findings: Findings


def check(
    known: Sequence[KnownModel],
    digests: dict[str, FileDigest],
    expected: str | None,
    repository: str | None,
) -> Listed:
    """Compare a folder's files with the listed model that they should be, or seem to be.

    Args:
        known: the list.
        digests: of the folder's files, by path.
        expected: organization or ``organization/model``, or None.
        repository: where the hub client's cache says the files came from, if it does.
    """
    findings = Findings()
    candidates = [model for model in known if expected is None or _is_from(model, expected)]
    model = _best(candidates, digests, expected, repository)
    if model is None:
        return Listed(False, findings)
    for file, digest in model.sha256.items():
        if file not in digests:
            findings.error("Missing file", file, digest, "nothing")
        elif digests[file].sha256 != digest:
            findings.error("Digest mismatch", file, digest, digests[file].sha256)
    for file in sorted(set(digests) - set(model.sha256)):
        _report_unlisted(findings, file)
    if not findings.errors:
        claim = f"{len(model.sha256)} files are those listed as {model.hub or model.name}"
        findings.confirm(claim, found="SHA-256")
    return Listed(not findings.errors, findings)


def _is_from(model: KnownModel, expected: str) -> bool:
    return model.hub is not None and expected in (model.hub, model.hub.split("/")[0])


def _best(
    candidates: Sequence[KnownModel],
    digests: dict[str, FileDigest],
    expected: str | None,
    repository: str | None,
) -> KnownModel | None:
    """Return the listed model that is expected, that shares files, or that the cache names.

    Small files alone identify nothing: many models share a vocabulary. Among the models of an
    expected organization they decide which one is meant.
    """
    if expected is not None and len(candidates) == 1:
        return candidates[0]
    found = {digest.sha256 for digest in digests.values()}

    def shared(model: KnownModel) -> tuple[int, int]:
        same = [file for file, digest in model.sha256.items() if digest in found]
        return sum(WEIGHTS.fullmatch(file) is not None for file in same), len(same)

    best = max(candidates, key=shared, default=None)
    if best is not None and shared(best) >= ((0, 1) if expected is not None else (1, 0)):
        return best
    return next((model for model in candidates if repository and model.hub == repository), None)


def _report_unlisted(findings: Findings, file: str) -> None:
    if HARMLESS.fullmatch(file):
        findings.note("Unlisted file", file, "a listed file", "a file that no loader reads")
    elif POOLING.fullmatch(file):
        findings.note("Unlisted file", file, "a listed file", "settings of Sentence Transformers")
    else:
        findings.error("Unlisted file", file, "only listed files", "a file that a loader may read")
