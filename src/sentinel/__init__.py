"""Checks of a model's supply chain: is this model what it says it is?

    from sentinel import ModelProvenanceChecker, WeightIntegrityValidator, scan

    result = scan("path/to/model", expected_source="meta-llama")
    print(result)

A scan executes and unpickles nothing of a model, and fetches nothing; what a folder holds,
however hostile, becomes an issue in the result. `BackdoorScanner` runs a model that is loaded, and
searches for a trigger. `fill_checklist` asks all of them, and more, as one list of questions.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentinel.behaviour import BackdoorResult, BackdoorScanner
    from sentinel.checklist import Checklist, fill_checklist, line_of
    from sentinel.provenance.checker import ModelProvenanceChecker, ProvenanceResult
    from sentinel.scanner import ScanResult, scan
    from sentinel.weights import WeightIntegrityValidator, WeightReport

_PLACES = {
    "BackdoorResult": "sentinel.behaviour",
    "BackdoorScanner": "sentinel.behaviour",
    "Checklist": "sentinel.checklist",
    "ModelProvenanceChecker": "sentinel.provenance",
    "ProvenanceResult": "sentinel.provenance",
    "ScanResult": "sentinel.scanner",
    "WeightIntegrityValidator": "sentinel.weights",
    "WeightReport": "sentinel.weights",
    "fill_checklist": "sentinel.checklist",
    "line_of": "sentinel.checklist",
    "scan": "sentinel.scanner",
}

__all__ = [
    "BackdoorResult",
    "BackdoorScanner",
    "Checklist",
    "ModelProvenanceChecker",
    "ProvenanceResult",
    "ScanResult",
    "WeightIntegrityValidator",
    "WeightReport",
    "fill_checklist",
    "line_of",
    "scan",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that each tool loads only what it needs."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
