"""Checks of lesson 04: the memory of training, LoRA by hand, counting, LoRA with peft, choosing."""

from lessonkit.checks.lora import (  # noqa: F401 - each registers its checks
    choosing,
    counting,
    layers,
    memory,
    practice,
)
