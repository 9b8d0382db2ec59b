"""What a model does: whether some words make it decide as an attacker wants."""

from sentinel.behaviour.backdoors import BackdoorResult, BackdoorScanner, Indicator

__all__ = ["BackdoorResult", "BackdoorScanner", "Indicator"]
