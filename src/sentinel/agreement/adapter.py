"""A LoRA adapter: its settings with its tensors, and both with the base model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sentinel.agreement.checkpoint import (
    ADAPTER,
    Checkpoint,
    read_checkpoint,
    read_object,
    tensors_of,
)
from sentinel.containers.safetensors_file import TensorInfo
from sentinel.findings import Findings

CONFIG = "adapter_config.json"
_LORA = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<side>A|B)(?:\.[\w-]+)?\.weight"
)
_LORA_EXTRA = re.compile(
    r".*\.lora_(magnitude_vector|embedding_[AB]|bias)\b.*|.*\.lora_[AB]\..*bias"
)
_HEADS = ("classifier", "score")  # peft saves these whole for classification tasks


def check_adapter(folder: Path, base: Path | None = None) -> Findings:
    """Compare an adapter's settings with its tensors.

    Args:
        folder: the adapter's folder; one without `adapter_config.json` has no findings.
        base: the base model's folder, if it is at hand.
    """
    findings = Findings()
    config = read_object(folder, CONFIG, findings)
    tensors = tensors_of(folder / ADAPTER) if (folder / ADAPTER).is_file() else {}
    if (folder / "config.json").is_file() and config and (folder / "model.safetensors").is_file():
        expected = "a model, or an adapter for another one"
        findings.error("Adapter beside a model", CONFIG, expected, "loaded together with the model")
    if not config or config.get("peft_type") != "LORA" or not tensors:
        return findings
    pairs = _pairs(findings, config, tensors)
    _check_targets(findings, config, pairs)
    for module, sides in pairs.items():
        _check_ranks(findings, config, module, sides)
    if base is not None:
        _check_base(findings, pairs, read_checkpoint(base, findings))
    if not findings.errors:
        findings.confirm(f"LoRA matrices of {len(pairs)} layers fit their settings", ADAPTER)
    return findings


def _pairs(
    findings: Findings, config: dict[str, Any], tensors: dict[str, TensorInfo]
) -> dict[str, dict[str, TensorInfo]]:
    """Sort tensors by the layer they adapt; report what is no LoRA matrix."""
    saved = config.get("modules_to_save")
    whole = tuple(saved) if isinstance(saved, list) else ()
    if config.get("task_type") in ("SEQ_CLS", "TOKEN_CLS"):
        whole += _HEADS
    pairs: dict[str, dict[str, TensorInfo]] = {}
    for name, info in tensors.items():
        if (match := _LORA.fullmatch(name)) is not None:
            pairs.setdefault(match["module"], {})[match["side"]] = info
        elif not _LORA_EXTRA.fullmatch(name) and not set(name.split(".")) & set(whole):
            findings.error("Unexpected tensor", ADAPTER, "LoRA matrices", f"{name} {info.shape}")
    return pairs


def _check_targets(findings: Findings, config: dict[str, Any], pairs: dict[str, Any]) -> None:
    targets = config.get("target_modules")
    if isinstance(targets, str):
        _check_pattern(findings, targets, pairs)
        return
    names = set(targets) if isinstance(targets, list) else set()
    for module in pairs:
        if names and not any(_is_called(module, name) for name in names):
            findings.error("Adapter mismatch", ADAPTER, f"targets {sorted(names)}", module)
    for name in sorted(names):
        if not any(_is_called(module, name) for module in pairs):
            findings.error("Adapter mismatch", ADAPTER, f"matrices for {name}", "none")


def _check_pattern(findings: Findings, pattern: str, pairs: dict[str, Any]) -> None:
    if pattern == "all-linear" or len(pattern) > 500:
        return
    try:
        missed = [module for module in pairs if not re.search(pattern, module)]
    except re.error as error:
        findings.error("Adapter mismatch", CONFIG, "a pattern of modules", str(error))
        return
    for module in missed[:5]:
        findings.error("Adapter mismatch", ADAPTER, f"targets {pattern}", module)


def _check_ranks(
    findings: Findings, config: dict[str, Any], module: str, sides: dict[str, TensorInfo]
) -> None:
    if set(sides) != {"A", "B"}:
        findings.error("Adapter mismatch", ADAPTER, f"{module}: both A and B", str(sorted(sides)))
        return
    pattern = config.get("rank_pattern")
    own = [
        rank
        for name, rank in (pattern.items() if isinstance(pattern, dict) else ())
        if _is_called(module, name) or _matches(name, module)
    ]
    expected = own[0] if own else config.get("r")
    found = (sides["A"].shape[0], sides["B"].shape[1] if len(sides["B"].shape) > 1 else None)
    if found != (expected, expected):
        shapes = f"{module}: A {sides['A'].shape}, B {sides['B'].shape}"
        findings.error("Adapter mismatch", ADAPTER, f"rank {expected}", shapes)


def _matches(pattern: str, module: str) -> bool:
    try:
        return len(pattern) < 200 and re.fullmatch(rf"(.*\.)?({pattern})", module) is not None
    except re.error:
        return False


def _check_base(
    findings: Findings, pairs: dict[str, dict[str, TensorInfo]], base: Checkpoint
) -> None:
    """Check that every adapted layer exists in the base model, with these sizes."""
    names = {name.removesuffix(".weight"): info for name, info in base.tensors.items()}
    for module, sides in pairs.items():
        alike = [info for name, info in names.items() if _same_module(module, name)]
        if not alike:
            findings.error("Adapter mismatch", ADAPTER, "a layer of the base model", module)
        elif set(sides) == {"A", "B"}:
            sizes = {sides["B"].shape[0], sides["A"].shape[-1]}
            if sizes != set(alike[0].shape):
                expected = f"{module}: {alike[0].shape}"
                findings.error("Adapter mismatch", ADAPTER, expected, f"for {sorted(sizes)}")


def _same_module(module: str, name: str) -> bool:
    return _is_called(module, name) or _is_called(name, module)


def _is_called(module: str, name: str) -> bool:
    """Whether a module's path is this name, or ends in it."""
    return module == name or module.endswith(f".{name}")
