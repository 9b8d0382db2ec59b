"""Tensors read from safetensors files in blocks of rows, as numbers, without loading a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sentinel.containers.files import walk
from sentinel.containers.malformed import Malformed
from sentinel.containers.safetensors_file import TensorInfo, read_header

BLOCK = 4 << 20  # numbers held at once
_NUMPY = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2",
    "I8": "i1", "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "BOOL": "?",
}  # fmt: skip
FLOATS = {"F64", "F32", "F16", "BF16"}
READABLE = set(_NUMPY) | {"BF16"}


@dataclass(frozen=True)
class Tensor:
    """One stored tensor.

    Attributes:
        name: its name.
        path: the file that holds it.
        info: its type, shape and place.
    """

    name: str
    path: Path
    info: TensorInfo

    @property
    def rows(self) -> int:
        """Number of rows when all dimensions but the first are joined; 1 for a scalar."""
        return self.info.shape[0] if self.info.shape else 1

    @property
    def columns(self) -> int:
        """Numbers in each row."""
        return int(np.prod(self.info.shape[1:], dtype=np.int64)) if self.info.shape else 1

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first row, numbers as (rows, columns) in float32), a few rows at a time.

        Raises:
            OSError: the file cannot be read.
        """
        if self.rows == 0 or self.columns == 0:
            return
        step = max(1, BLOCK // self.columns)
        width = (self.info.end - self.info.start) // self.rows
        with self.path.open("rb") as file:
            for first in range(0, self.rows, step):
                count = min(step, self.rows - first)
                file.seek(self.info.start + first * width)
                raw = file.read(count * width)
                yield first, _numbers(raw, self.info.dtype).reshape(count, self.columns)

    def matrix(self) -> np.ndarray:
        """Return all numbers as (rows, columns) in float32; for tensors known to be small."""
        return np.concatenate([block for _, block in self.blocks()])


def _numbers(raw: bytes, dtype: str) -> np.ndarray:
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):
        return np.frombuffer(raw, _NUMPY[dtype]).astype(np.float32)


def read_tensors(model_path: Path) -> tuple[dict[str, Tensor], list[str]]:
    """Find every tensor of a model.

    Args:
        model_path: a folder, or one safetensors file.

    Returns:
        Tensors by name, and the names of files that cannot be read as safetensors. A name that
        two files hold is given as ``file:name`` the second time.
    """
    files = (
        [model_path] if model_path.is_file() else [model_path / path for path in walk(model_path)]
    )
    tensors: dict[str, Tensor] = {}
    damaged = []
    for path in files:
        if path.suffix != ".safetensors":
            continue
        try:
            found = read_header(path).tensors
        except (Malformed, OSError):
            damaged.append(path.name)
            continue
        for name, info in found.items():
            key = name if name not in tensors else f"{path.name}:{name}"
            tensors[key] = Tensor(key, path, info)
    return tensors, damaged
