"""Weight files that must agree: the shards with their index, and one format with the other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sentinel.agreement.checkpoint import INDEX, SINGLE, read_object, tensors_of
from sentinel.containers.files import walk
from sentinel.containers.safetensors_file import TensorInfo
from sentinel.findings import Findings

Shards = dict[str, dict[str, TensorInfo]]  # file -> the tensors it holds
WEIGHTS = re.compile(
    r".*\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|onnx|gguf|tflite|npz|ot|pb|mlmodel)",
    re.IGNORECASE,
)


def check_shards(folder: Path) -> Findings:
    """Compare the index with the shards, tensor by tensor, and name weights without a place."""
    findings = Findings()
    _check_presence(findings, folder)
    if not (folder / INDEX).is_file():
        _check_strays(findings, folder, set())
        return findings
    index = read_object(folder, INDEX, findings)
    weight_map = index.get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(n, str) for n in weight_map.values()):
        findings.error("Malformed index", INDEX, "a weight_map of tensors and files", "none")
        return findings
    if (folder / SINGLE).is_file():
        findings.error("Ambiguous weights", SINGLE, "one file, or shards with an index", "both")
    if any("/" in name or "\\" in name or name == ".." for name in weight_map.values()):
        findings.error("Path leaves the folder", INDEX, "shards beside the index", "a path")
        return findings
    names = sorted(set(weight_map.values()))
    shards = {name: tensors_of(folder / name) for name in names if (folder / name).is_file()}
    _compare(findings, weight_map, shards)
    _check_size(findings, index, shards)
    _check_strays(findings, folder, set(names))
    return findings


def _check_presence(findings: Findings, folder: Path) -> None:
    """A configuration that names an architecture comes with weights of some kind."""
    config = read_object(folder, "config.json", Findings())
    if config.get("architectures") and not any(WEIGHTS.fullmatch(p.name) for p in walk(folder)):
        findings.error("Missing weights", "config.json", "weights beside it", "none")


def _compare(findings: Findings, weight_map: dict[str, str], shards: Shards) -> None:
    before = len(findings.errors)
    for shard in sorted(set(weight_map.values())):
        if shard not in shards:
            findings.error("Missing shard", shard, "a file that the index names", "nothing")
            continue
        listed = {tensor for tensor, name in weight_map.items() if name == shard}
        held = set(shards[shard])
        for tensor in sorted(listed - held)[:5]:
            findings.error("Index mismatch", shard, f"the tensor {tensor}", "not in this shard")
        for tensor in sorted(held - listed)[:5]:
            found = f"{tensor}, listed in {weight_map.get(tensor, 'no shard')}"
            findings.error("Index mismatch", shard, "only tensors listed here", found)
    if len(findings.errors) == before:
        findings.confirm(f"{len(weight_map)} tensors lie in the shards that the index names", INDEX)


def _check_size(findings: Findings, index: dict[str, Any], shards: Shards) -> None:
    metadata = index.get("metadata")
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    held = sum(info.end - info.start for tensors in shards.values() for info in tensors.values())
    if isinstance(total, int | float) and held != total:
        findings.error("Index mismatch", INDEX, f"{total:.0f} bytes in all", f"{held} bytes")


def _check_strays(findings: Findings, folder: Path, listed: set[str]) -> None:
    """Name shards that no index lists; a loader that takes every file would read them."""
    for path in sorted(folder.glob("model-*-of-*.safetensors")):
        if path.name not in listed:
            findings.error("Unlisted shard", path.name, "a shard that the index lists", "a stray")
