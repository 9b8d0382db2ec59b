"""Checks of lesson 05: digests, manifests, poisoned texts, outlier rows, and the policy."""

from lessonkit.checks.provenance import (  # noqa: F401 - each registers its checks
    digests,
    manifests,
    outliers,
    poisoning,
    screen,
)
