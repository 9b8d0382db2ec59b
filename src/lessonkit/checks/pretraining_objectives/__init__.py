"""Checks of lesson 01: labels and losses of four families of pre-training objectives."""

from lessonkit.checks.pretraining_objectives import (  # noqa: F401 - each registers its checks
    contrastive,
    masking,
    next_token,
    spans,
)
