"""Checks of lesson 05: the acceptance of downloaded models."""

from lessonkit.checks.provenance import screen  # noqa: F401 - registers its check
