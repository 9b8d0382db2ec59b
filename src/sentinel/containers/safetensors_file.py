"""The safetensors format: a header in JSON, then the tensors' bytes, and nothing else.

Format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentinel.containers.json_file import parse_json
from sentinel.containers.malformed import Malformed
from sentinel.findings import Findings, printable

HEADER_LIMIT = 32 << 20  # bytes; the format allows 100 MB, no real header comes near
# Bits of one element.
DTYPES = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64,
    "I64": 64, "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64, "F8_E4M3": 8,
    "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6,
    "F4": 4,
}  # fmt: skip
LONGEST_METADATA = 4096  # characters of one ordinary value
_CODE_IN_METADATA = re.compile(
    r"<script|__import__|\bexec\s*\(|\beval\s*\(|os\.system|subprocess|base64,|#!/|\bimport\s+os\b",
    re.IGNORECASE,
)
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{400,}")


@dataclass(frozen=True)
class TensorInfo:
    """Where a tensor lies: type, shape, and absolute offsets of its bytes in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """A safetensors file's header.

    Attributes:
        tensors: by name.
        metadata: the author's notes, text to text.
        size: bytes of the whole file.
        data_start: offset of the first tensor's byte.
    """

    tensors: dict[str, TensorInfo]
    metadata: dict[str, str]
    size: int
    data_start: int


def read_header(path: Path) -> Header:
    """Read the header and check each tensor's place.

    Raises:
        Malformed: the header is not one, or a tensor does not lie inside the file.
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(8)
        length = int.from_bytes(prefix, "little")
        if len(prefix) < 8 or length > min(size - 8, HEADER_LIMIT):
            raise Malformed(f"a header of {length} bytes in a file of {size}")
        content = file.read(length)
    if not content.startswith(b"{"):
        raise Malformed("the header does not begin with {")
    entries = parse_json(content)
    metadata = _metadata(entries.pop("__metadata__", {}))
    tensors = {name: _tensor(name, entry, 8 + length, size) for name, entry in entries.items()}
    return Header(tensors, metadata, size, 8 + length)


def _metadata(metadata: object) -> dict[str, str]:
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise Malformed("__metadata__ is not text to text")
    return metadata


def _tensor(name: str, entry: Any, data_start: int, size: int) -> TensorInfo:
    shown = printable(name, 60)
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Malformed(f"{shown}: a tensor has dtype, shape and data_offsets, nothing else")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Malformed(f"{shown}: unknown dtype {printable(dtype, 40)}")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2 or len(shape) > 64:
        raise Malformed(f"{shown}: shape and offsets must be whole numbers from 0 on")
    start, end = (data_start + offset for offset in offsets)
    if not start <= end <= size:
        raise Malformed(f"{shown}: bytes {start} to {end} in a file of {size}")
    if math.prod(shape) * DTYPES[dtype] != (end - start) * 8:
        raise Malformed(f"{shown}: {end - start} bytes for shape {printable(shape, 60)} of {dtype}")
    return TensorInfo(dtype, tuple(shape), start, end)


def _are_sizes(values: object) -> bool:
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value < 1 << 63 for value in values
    )


def check_safetensors(path: Path, name: str) -> Findings:
    """Check a file's layout: tensors one behind the other, no gap, nothing after the last."""
    findings = Findings()
    try:
        header = read_header(path)
    except Malformed as error:
        findings.error("Malformed safetensors", name, "a well-formed header", str(error))
        return findings
    _check_layout(findings, header, name)
    _check_metadata(findings, header, name)
    _check_names(findings, header, name)
    return findings


def _check_layout(findings: Findings, header: Header, name: str) -> None:
    position = header.data_start
    for tensor, info in sorted(
        header.tensors.items(), key=lambda item: (item[1].start, item[1].end)
    ):
        if info.start < position:
            expected = f"tensors side by side, {printable(tensor, 60)} from byte {position}"
            findings.error("Overlapping tensors", name, expected, f"byte {info.start}")
        elif info.start > position:
            found = f"{info.start - position} bytes before {printable(tensor, 60)}"
            findings.error("Hidden bytes", name, "no gap between tensors", found)
        position = max(position, info.end)
    if position < header.size:
        found = f"{header.size - position} bytes"
        findings.error("Trailing bytes", name, "nothing after the last tensor", found)


def _check_metadata(findings: Findings, header: Header, name: str) -> None:
    for key, value in header.metadata.items():
        text = f"{key} {value}"
        if _CODE_IN_METADATA.search(text):
            findings.error("Suspicious metadata", name, "notes, no code", f"{key}: {value}")
        elif len(value) > LONGEST_METADATA and not _is_json(value):
            found = f"{printable(key, 40)}: {len(value)} characters"
            findings.error("Suspicious metadata", name, "a short note", found)
        elif _BLOB.search(value) and not _is_json(value):
            findings.warn("Suspicious metadata", name, "readable notes", f"{key}: {value}")


def _is_json(text: str) -> bool:
    """Training tools keep their settings in metadata, as JSON."""
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _check_names(findings: Findings, header: Header, name: str) -> None:
    odd = [tensor for tensor in header.tensors if not tensor.isprintable() or len(tensor) > 512]
    for tensor in odd[:10]:
        findings.error("Deceptive tensor name", name, "a readable name", tensor)
