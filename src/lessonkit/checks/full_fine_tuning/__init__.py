"""Checks of lesson 03: tokenizing, metrics, the Trainer, measuring and comparing methods."""

from lessonkit.checks.full_fine_tuning import comparing, measuring, metrics, tokenizing, training

__all__ = ["comparing", "measuring", "metrics", "tokenizing", "training"]
