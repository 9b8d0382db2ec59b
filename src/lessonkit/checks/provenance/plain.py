"""What the checks of this lesson share: plain data out of answers, and back into the judges."""

from typing import Any


def plain_number(value: Any) -> int | float | str:
    """Return a number as Python's own, or the name of whatever else came back.

    NumPy's numbers and tensors of one element count; a truth value does not.
    """
    if hasattr(value, "item") and getattr(value, "size", None) != 0:
        try:
            value = value.item()
        except (RuntimeError, ValueError):  # several elements
            return type(value).__name__
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return type(value).__name__
    return value


def is_number(value: Any) -> bool:
    """Tell whether what was seen is a number that floats can hold (it may be infinite or NaN)."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, float)


def is_texts(value: Any) -> bool:
    """Tell whether what was seen is a list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
