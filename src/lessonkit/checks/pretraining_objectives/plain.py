"""What all checks of this lesson share: plain data out of answers, and first diagnoses."""

import random
from numbers import Integral
from typing import Any

import torch

from lessonkit.checks.core import Hint

PAD, CLS, SEP, FIRST_WORD = 0, 2, 3, 5
WORDS = 1000
IGNORED = -100  # the label that PyTorch's cross-entropy leaves out


def malformed(
    value: Any, shape: tuple[int, ...], dtype: torch.dtype, values: dict[str, Any] | None = None
) -> Hint | None:
    """Return the hint for a value that is no tensor, or one of another shape or dtype."""
    values = values or {}
    if not isinstance(value, torch.Tensor):
        return Hint("not_a_tensor", {"type": value, **values})
    if tuple(value.shape) != shape:
        return Hint("shape", {"found": tuple(value.shape), "expected": shape, **values})
    if value.dtype != dtype:
        return Hint("dtype", {"found": str(value.dtype).removeprefix("torch."), **values})
    return None


def plain_tensor(value: Any) -> torch.Tensor | str:
    """Return a detached copy of a tensor, or the name of whatever else came back."""
    if not isinstance(value, torch.Tensor):
        return type_name(value)
    return value.detach().cpu().clone(memory_format=torch.contiguous_format)


def plain_list(value: Any) -> list[int] | str:
    """Return a list of whole numbers, or the name of whatever else came back."""
    if not isinstance(value, list):
        return type_name(value)
    other = [item for item in value if not isinstance(item, Integral)]
    return f"list of {type_name(other[0])}" if other else [int(item) for item in value]


def type_name(value: Any) -> str:
    """Return the name of a value's type."""
    return type(value).__name__


def word_ids(seed: int, count: int) -> list[int]:
    """Return distinct ids of words."""
    return random.Random(seed).sample(range(FIRST_WORD, WORDS), count)
