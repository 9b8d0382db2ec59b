"""Digests of a model's files, several files at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BLOCK = 1 << 20
Progress = Callable[[str, int], None]
"""Called with a file's name and the number of its bytes just read; from several threads."""


@dataclass(frozen=True)
class FileDigest:
    """What a file's content hashes to.

    Attributes:
        sha256: hexadecimal SHA-256 of the content.
        git_blob: hexadecimal SHA-1 that git gives the content, only for files small enough to
            be kept in git itself (the hub moves larger ones to its large-file store).
        size: bytes read.
    """

    sha256: str
    git_blob: str | None
    size: int


GIT_LIMIT = 32 << 20


def digest_file(path: Path, progress: Progress | None = None) -> FileDigest:
    """Read a file once, in blocks, and return its digests.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        sha256 = hashlib.sha256()
        git = _git_hasher(size) if size <= GIT_LIMIT else None
        buffer = bytearray(min(BLOCK, max(size, 1)))
        view, total = memoryview(buffer), 0
        while count := file.readinto(buffer):
            sha256.update(view[:count])
            if git is not None:
                git.update(view[:count])
            total += count
            if progress is not None:
                progress(path.name, count)
    return FileDigest(sha256.hexdigest(), git.hexdigest() if git else None, total)


def _git_hasher(size: int) -> hashlib._Hash:
    """Start the hash that git names a blob by: its kind and size, then its content."""
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def digest_folder(
    folder: Path, files: Iterable[Path], progress: Progress | None = None
) -> tuple[dict[str, FileDigest], dict[str, OSError]]:
    """Hash files on all cores, largest first.

    Args:
        folder: the model's folder.
        files: paths relative to it.

    Returns:
        Digests, and errors for files that could not be read, both by path with ``/``.
    """
    paths = sorted(files, key=lambda path: -_size(folder / path))
    digests: dict[str, FileDigest] = {}
    errors: dict[str, OSError] = {}

    def digest(path: Path) -> None:
        try:
            digests[path.as_posix()] = digest_file(folder / path, progress)
        except OSError as error:
            errors[path.as_posix()] = error

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(digest, paths))
    return dict(sorted(digests.items())), errors


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # reported when it is read


def digest_table(name: str, digests: dict[str, FileDigest]) -> str:
    """Return digests as a table for a list of known models."""
    lines = [f'"{path}" = "{digest.sha256}"' for path, digest in digests.items()]
    return "\n".join([f"[{name}.sha256]", *lines]) + "\n"
