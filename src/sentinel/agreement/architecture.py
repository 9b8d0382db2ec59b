"""The configuration against the weights: what transformers would build, and what the file holds.

The architecture is built by transformers itself on torch's `meta` device, which has shapes and no
numbers. Nothing of the model's own code is run, and nothing is fetched.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentinel.agreement.checkpoint import Checkpoint, read_object
from sentinel.findings import Findings
from sentinel.tensor_names import any_layer

CONFIG = "config.json"
LARGEST = 1 << 40  # no size of a model comes near
MOST_LAYERS = 1024
_COUNTS = re.compile(r"(num|n)_.*(layers?|experts?|blocks?)|.*_layers|depths?", re.IGNORECASE)
# Settings that make transformers fetch or run something of the author's choosing.
_UNTRUSTED = re.compile(
    r"auto_map|.*attn_implementation.*|.*experts_implementation.*|quantization_config|.*kernel.*"
    r"|.*backbone.*|_name_or_path|_commit_hash|.*pretrained.*|dtype|torch_dtype"
)
_SAVED_TYPES = {
    "float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64",
}  # fmt: skip
_OLD_NAMES = ((".gamma", ".weight"), (".beta", ".bias"))
_NOT_LOADED = re.compile(
    r"(.*\.)?(position_ids|token_type_ids|rotary_emb\.inv_freq|masked_bias|attn\.bias)"
)
UNDERSTOOD = 0.7  # share of the file's tensors that must have a place before others are odd


def check_architecture(folder: Path, checkpoint: Checkpoint) -> Findings:
    """Compare names, shapes and types of the weights with the architecture in config.json."""
    findings = Findings()
    config = read_object(folder, CONFIG, findings)
    if not config or not checkpoint.tensors:
        return findings
    _check_dtype(findings, config, checkpoint)
    if _is_quantized(findings, config, checkpoint):
        findings.note("Quantized", CONFIG, "", "shapes are not compared with the architecture")
        return findings
    if not _has_sane_sizes(findings, config, checkpoint):
        return findings
    try:
        expected, tied = _expected_shapes(config)
    except _NotKnown as error:
        findings.note("Architecture not checked", CONFIG, "one that transformers knows", str(error))
        return findings
    except Exception as error:  # the configuration makes transformers fail, in any way it may
        found = f"{type(error).__name__}: {error}"
        findings.error("Broken configuration", CONFIG, "one that builds a model", found)
        return findings
    _compare(findings, checkpoint, expected, tied)
    return findings


def _is_quantized(findings: Findings, config: dict[str, Any], checkpoint: Checkpoint) -> bool:
    """Whether the weights are stored in fewer bits, so that their shapes are others."""
    if "quantization_config" not in config:
        return False
    stored = {info.dtype for info in checkpoint.tensors.values()}
    if stored <= set(_SAVED_TYPES.values()):
        expected, found = "quantized weights", f"{', '.join(sorted(stored))} only"
        findings.warn("Type mismatch", CONFIG, expected, found)
        return False
    return True


class _NotKnown(Exception):  # noqa: N818 - reads better where it is raised
    """Transformers has no such architecture, or is not installed."""


def _has_sane_sizes(findings: Findings, config: dict[str, Any], checkpoint: Checkpoint) -> bool:
    """Refuse sizes that would take minutes to build, and that the weights cannot have."""
    for key, value in _numbers(config):
        limit = min(MOST_LAYERS, len(checkpoint.tensors)) if _COUNTS.fullmatch(key) else LARGEST
        if abs(value) > limit:
            expected = f"at most {limit} with {len(checkpoint.tensors)} tensors"
            findings.error("Shape mismatch", CONFIG, f"{key}: {expected}", str(value))
            return False
    return True


def _numbers(value: object, key: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _numbers(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner, key)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value


def _expected_shapes(config: dict[str, Any]) -> tuple[dict[str, tuple[int, ...]], list[set[str]]]:
    """Build the architecture; return each tensor's shape, and groups that share one tensor.

    Raises:
        _NotKnown: transformers has no such architecture.
        Exception: whatever the configuration makes transformers raise.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise _NotKnown(f"{error.name} is not installed") from None
    kind = config.get("model_type")
    if kind not in transformers.CONFIG_MAPPING:
        raise _NotKnown(f"model_type {kind!r}")
    settings = _without_untrusted({k: v for k, v in config.items() if k != "model_type"})
    built = transformers.CONFIG_MAPPING[kind].from_dict(settings)
    with _silence(), torch.device("meta"):
        model = _model_class(transformers, config, built)(built)
    model.tie_weights()
    shapes, groups = {}, {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        shapes[name] = tuple(tensor.shape)
        groups.setdefault(id(tensor), set()).add(name)
    return shapes, [names for names in groups.values() if len(names) > 1]


def _without_untrusted(settings: Any) -> Any:
    if not isinstance(settings, dict):
        return settings
    return {
        key: _without_untrusted(value)
        for key, value in settings.items()
        if not _UNTRUSTED.fullmatch(str(key))
    }


def _model_class(transformers: Any, config: dict[str, Any], built: Any) -> type:
    names = config.get("architectures") or []
    name = names[0] if names and isinstance(names[0], str) else None
    if name is None:
        return transformers.MODEL_MAPPING[type(built)]
    found = getattr(transformers, name, None)
    if not isinstance(found, type) or not issubclass(found, transformers.PreTrainedModel):
        raise _NotKnown(f"architecture {name!r}")
    if found.config_class is not type(built):
        raise ValueError(f"{name} is not an architecture of model_type {config['model_type']}")
    return found


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep transformers' remarks on a stranger's configuration off the terminal."""
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _compare(
    findings: Findings,
    checkpoint: Checkpoint,
    expected: dict[str, tuple[int, ...]],
    tied: list[set[str]],
) -> None:
    places = _places(list(checkpoint.tensors), set(expected))
    strangers = [name for name, place in places.items() if place is None]
    patterns = {any_layer(name) for name in [*expected, *filter(None, places.values())]}
    surplus = [name for name in strangers if _is_surplus(name, patterns)]
    known = len(places) - len(strangers)
    if known + len(surplus) < UNDERSTOOD * len(places):
        found = f"{len(strangers)} of {len(places)} names have no place in it"
        findings.warn("Architecture not checked", CONFIG, "the weights of this architecture", found)
        return
    wrong = _check_shapes(findings, checkpoint, expected, places)
    for name in strangers[:20]:
        if not _NOT_LOADED.fullmatch(name):
            file = checkpoint.files[name]
            findings.error("Unexpected tensor", file, "only tensors of the architecture", name)
    present = {place for place in places.values() if place is not None}
    missing = _missing(expected, present, tied)
    for name in missing[:20]:
        findings.error("Missing tensor", CONFIG, name, "nothing in the weights")
    if not wrong and not missing:
        findings.confirm(f"{known} tensors have the names and shapes of the architecture", CONFIG)


def _is_surplus(name: str, patterns: set[str]) -> bool:
    """Whether a tensor belongs to one layer more than the architecture has."""
    pattern = any_layer(name)
    return pattern != name and any(
        pattern.endswith(other) or other.endswith(pattern) for other in patterns if ".*." in other
    )


def _places(names: list[str], expected: set[str]) -> dict[str, str | None]:
    """Find each saved name's place in the model, allowing for the prefix that a head adds."""
    places: dict[str, str | None] = {}
    prefixes = {name.split(".")[0] + "." for name in expected}
    for name in names:
        new = name
        for old, current in _OLD_NAMES:
            new = new.removesuffix(old) + current if new.endswith(old) else new
        candidates = [new, *(prefix + new for prefix in prefixes)]
        if "." in new:
            candidates.append(new.split(".", 1)[1])
        places[name] = next((place for place in candidates if place in expected), None)
    return places


def _check_shapes(
    findings: Findings,
    checkpoint: Checkpoint,
    expected: dict[str, tuple[int, ...]],
    places: dict[str, str | None],
) -> int:
    wrong = [
        (name, expected[place], checkpoint.tensors[name].shape)
        for name, place in places.items()
        if place is not None and checkpoint.tensors[name].shape != expected[place]
    ]
    for name, shape, found in wrong[:20]:
        findings.error("Shape mismatch", checkpoint.files[name], f"{name}: {shape}", str(found))
    return len(wrong)


def _missing(
    expected: dict[str, tuple[int, ...]], present: set[str], tied: list[set[str]]
) -> list[str]:
    """Return tensors that would start at random: not saved, and not shared with a saved one."""
    shared = {name for group in tied if group & present for name in group}
    left = [name for name in expected if name not in present | shared]
    return [name for name in left if not _NOT_LOADED.fullmatch(name)]


def _check_dtype(findings: Findings, config: dict[str, Any], checkpoint: Checkpoint) -> None:
    """Compare the type that the configuration states with that of most weights."""
    stated = config.get("dtype", config.get("torch_dtype"))
    expected = _SAVED_TYPES.get(str(stated))
    floats = [
        name for name, info in checkpoint.tensors.items() if info.dtype in _SAVED_TYPES.values()
    ]
    if expected is None or not floats:
        return
    odd = [name for name in floats if checkpoint.tensors[name].dtype != expected]
    if len(odd) == len(floats):
        found = checkpoint.tensors[odd[0]].dtype
        findings.warn("Type mismatch", CONFIG, str(stated), f"{found} in every tensor")
    elif 0 < len(odd) <= max(2, 0.05 * len(floats)):
        for name in odd[:5]:
            found = f"{name}: {checkpoint.tensors[name].dtype}"
            findings.warn("Type mismatch", checkpoint.files[name], str(stated), found)
