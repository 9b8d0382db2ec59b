"""The same weights in two formats: a loader takes one of them, a reviewer may look at the other."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sentinel.agreement.checkpoint import SINGLE, tensors_of
from sentinel.findings import Findings

PICKLED = "pytorch_model.bin"
BLOCK = 1 << 20
MOST = 0.5  # share of equal tensors from which on both files are meant to hold the same weights


def check_formats(folder: Path) -> Findings:
    """Compare the bytes of the safetensors file's tensors with the storages of torch's file.

    The pickle inside is not needed for that: torch keeps each storage as a member of its own.
    """
    findings = Findings()
    tensors, other = folder / SINGLE, folder / PICKLED
    if not tensors.is_file() or not other.is_file() or not zipfile.is_zipfile(other):
        return findings
    try:
        storages = set(_storage_digests(other))
        held = dict(_tensor_digests(tensors))
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError):
        return findings  # a damaged archive, which `containers` reports
    different = sorted(name for name, digest in held.items() if digest not in storages)
    if not different:
        findings.confirm(f"{len(held)} tensors are the same in both formats", PICKLED)
    elif len(held) - len(different) >= MOST * len(held):
        for name in different[:10]:
            findings.error("Weight files disagree", PICKLED, f"{name} as in {SINGLE}", "another")
    else:
        found = f"{len(different)} of {len(held)} tensors differ"
        findings.warn("Weight files disagree", PICKLED, f"the weights of {SINGLE}", found)
    return findings


def _tensor_digests(path: Path) -> Iterator[tuple[str, bytes]]:
    with path.open("rb") as file:
        for name, info in tensors_of(path).items():
            file.seek(info.start)
            yield name, _digest(file, info.end - info.start)


def _storage_digests(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if "/data/" in member.filename and member.compress_type == zipfile.ZIP_STORED:
                with archive.open(member) as file:
                    yield _digest(file, member.file_size)


def _digest(file: BinaryIO, length: int) -> bytes:
    digest = hashlib.sha256()
    while length > 0 and (piece := file.read(min(BLOCK, length))):
        digest.update(piece)
        length -= len(piece)
    return digest.digest()
