"""What all checks of this lesson share: plain data out of answers, and reading it with care."""

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import torch

from lessonkit.checks.core import Hint


def plain_numbers(value: Any) -> dict[str, Any]:
    """Return a dictionary's numbers as floats, anything else in it as the name of its type."""
    if not isinstance(value, Mapping):
        return {"type": type(value).__name__}
    return {"type": "dict", "values": {str(k): _plain_number(v) for k, v in value.items()}}


def _plain_number(value: Any) -> float | str:
    if isinstance(value, (torch.Tensor, np.ndarray)) and value.ndim == 0:
        value = value.item()
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    return type(value).__name__


def malformed_numbers(seen: Any, names: Iterable[str]) -> Hint | None:
    """Return the hint for what is no dictionary of finite numbers with these names."""
    values = mapping(seen).get("values")
    if mapping(seen).get("type") != "dict" or not isinstance(values, Mapping):
        return Hint("returned", {"type": text(mapping(seen).get("type"))})
    for name in names:
        if name not in values:
            return Hint("missing_key", {"name": name})
        if not is_number(values[name]):
            return Hint("not_a_number", {"name": name, "type": text(values[name])})
        if not math.isfinite(values[name]):
            return Hint("not_finite", {"name": name})
    return None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a dictionary as it is and anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def is_number(value: Any) -> bool:
    """Tell whether a value is an int or a float."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: Any) -> float:
    """Return a number as it is and anything else as NaN, which equals nothing."""
    return float(value) if is_number(value) else math.nan


def text(value: Any) -> str:
    """Return a value as a short text for a hint."""
    return str(value)[:80]


def close(found: Any, expected: float, tolerance: float = 1e-6) -> bool:
    """Tell whether two numbers agree, relative to the expected one."""
    return abs(number(found) - expected) <= tolerance * max(1.0, abs(expected))
