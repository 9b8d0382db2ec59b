"""What the checks of this lesson share: plain data out of answers, and back into the judges."""

from collections.abc import Iterable
from typing import Any

import torch

from lessonkit.checks.core import Seen

TOLERANCE = 1e-4
STEP = 0.1  # learning rate of the step that shows what trains


def plain_tensor(value: Any) -> torch.Tensor | str:
    """Return a detached copy of a tensor, or the name of whatever else came back."""
    if not isinstance(value, torch.Tensor):
        return type(value).__name__
    return value.detach().cpu().clone(memory_format=torch.contiguous_format)


def plain_number(value: Any) -> int | float | str:
    """Return a number as Python's own, or the name of whatever else came back.

    A tensor of one element counts as a number; a truth value does not.
    """
    if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    if isinstance(value, bool) or not hasattr(value, "__float__") or isinstance(value, str):
        return type(value).__name__
    return int(value) if isinstance(value, int) else float(value)


def is_number(value: Any) -> bool:
    """Tell whether what was seen is a number (it may be infinite or NaN)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(found: Any, expected: float) -> bool:
    """Tell whether what was seen is that number, up to rounding."""
    return is_number(found) and abs(found - expected) <= 1e-6 * max(1.0, abs(expected))


def close(found: Any, expected: torch.Tensor) -> bool:
    """Tell whether what was seen is that tensor, up to rounding."""
    return (
        isinstance(found, torch.Tensor)
        and found.shape == expected.shape
        and not found.is_complex()
        and torch.allclose(found.double(), expected.double(), atol=TOLERANCE, rtol=TOLERANCE)
    )


@torch.no_grad()
def step(parameters: Iterable[torch.Tensor]) -> None:
    """Move what has a gradient one step down, each tensor once."""
    for parameter in {id(one): one for one in parameters}.values():
        if parameter.grad is not None:
            parameter -= STEP * parameter.grad


def names(seen: Seen, key: str) -> list[str]:
    """Return what was seen under a key as a list of strings; empty if it is something else."""
    value = seen.get(key)
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []


def first_match(found: Any, mistakes: Iterable[tuple[str, torch.Tensor]]) -> str | None:
    """Return the name of the first mistake that gives what was found."""
    return next((name for name, value in mistakes if close(found, value)), None)
