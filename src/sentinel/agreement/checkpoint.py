"""The tensors that a model's folder holds, read from headers alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentinel.containers.json_file import read_json
from sentinel.containers.malformed import Malformed
from sentinel.containers.safetensors_file import TensorInfo, read_header
from sentinel.findings import Findings

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
ADAPTER = "adapter_model.safetensors"


@dataclass
class Checkpoint:
    """Tensors of one model.

    Attributes:
        tensors: name -> where it lies.
        files: name -> safetensors file that holds it.
    """

    tensors: dict[str, TensorInfo] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def read_checkpoint(folder: Path, findings: Findings) -> Checkpoint:
    """Read what transformers would load: the single file, else the shards that the index names."""
    if (folder / SINGLE).is_file():
        return _read_files(folder, [SINGLE])
    if not (folder / INDEX).is_file():
        return Checkpoint()
    index = read_object(folder, INDEX, findings)
    weight_map = index.get("weight_map")
    names = weight_map.values() if isinstance(weight_map, dict) else ()
    shards = sorted({name for name in names if isinstance(name, str)})
    inside = [name for name in shards if "/" not in name and (folder / name).is_file()]
    return _read_files(folder, inside)


def _read_files(folder: Path, names: list[str]) -> Checkpoint:
    checkpoint = Checkpoint()
    for name in names:
        for tensor, info in tensors_of(folder / name).items():
            checkpoint.tensors[tensor] = info
            checkpoint.files[tensor] = name
    return checkpoint


def tensors_of(path: Path) -> dict[str, TensorInfo]:
    """Return a safetensors file's tensors; none if it is damaged, which `containers` reports."""
    try:
        return read_header(path).tensors
    except (Malformed, OSError):
        return {}


def read_object(folder: Path, name: str, findings: Findings) -> dict[str, Any]:
    """Return a JSON file's object; empty if there is none, or if it is damaged (reported)."""
    path = folder / name
    if not path.is_file():
        return {}
    try:
        content = read_json(path)
    except (Malformed, OSError) as error:
        findings.error("Malformed JSON", name, "JSON that every loader reads alike", str(error))
        return {}
    if not isinstance(content, dict):
        findings.error("Malformed JSON", name, "an object", type(content).__name__)
        return {}
    return content
