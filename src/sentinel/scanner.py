"""Everything that can be said of a model without running it: one verdict, one report."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sentinel.agreement import check_agreement
from sentinel.containers import check_containers
from sentinel.findings import Evidence, Findings, Issue, Severity
from sentinel.provenance import ModelProvenanceChecker, check_advisories
from sentinel.weights import WeightIntegrityValidator


@dataclass(frozen=True)
class ScanResult:
    """What all checks say of a model.

    Attributes:
        model_path: the folder that was looked at.
        accepted: whether nothing speaks for refusing the model.
        verified: whether, besides, a trusted signature or list of digests vouches for it.
        findings: issues and evidence of each layer of checks.
        sha256: digest of each file.
    """

    model_path: str
    accepted: bool
    verified: bool
    findings: dict[str, Findings]
    sha256: dict[str, str] = field(repr=False, default_factory=dict)

    @property
    def issues(self) -> list[Issue]:
        """All issues, the gravest first."""
        issues = [issue for findings in self.findings.values() for issue in findings.issues]
        return sorted(issues, key=lambda issue: -issue.severity)

    @property
    def evidence(self) -> list[Evidence]:
        """Everything that was found in order."""
        return [entry for findings in self.findings.values() for entry in findings.evidence]

    @property
    def verdict(self) -> str:
        """ "verified", "accepted" or "refused"."""
        if not self.accepted:
            return "refused"
        return "verified" if self.verified else "accepted"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        layers = {layer: findings.to_dict() for layer, findings in self.findings.items()}
        return {
            "model_path": self.model_path,
            "verdict": self.verdict,
            "accepted": self.accepted,
            "verified": self.verified,
            "layers": layers,
            "sha256": self.sha256,
        }

    def __str__(self) -> str:
        lines = [f"{self.model_path}: {self.verdict}"]
        for issue in self.issues:
            if issue.severity is not Severity.NOTE:
                place = f" in {issue.file}" if issue.file else ""
                lines.append(f"- {issue.severity.name.lower()}: {issue}{place}: {issue.found}")
        return "\n".join(lines)


def scan(
    model_path: str | os.PathLike[str],
    expected_source: str | None = None,
    *,
    policy: str | os.PathLike[str] | None = None,
    digests: str | os.PathLike[str] | None = None,
    memory: str | os.PathLike[str] | None = None,
    reference: str | os.PathLike[str] | None = None,
    base: str | os.PathLike[str] | None = None,
    progress: Callable[[str, int], None] | None = None,
    now: datetime | None = None,
) -> ScanResult:
    """Run every check on a model's folder.

    Args:
        model_path: the folder.
        expected_source: organization or ``organization/model`` it should come from; None asks
            for no proof of origin.
        policy: trust policy, TOML; default is the package's own.
        digests: list of known digests, TOML; default is the course's, if it is at hand.
        memory: JSON file that remembers the newest release seen of each signed model.
        reference: checkpoint that the weights are compared with.
        base: base model's folder, for an adapter.
        progress: called with a file's or tensor's name and the bytes read of it.
        now: the moment at which certificates must be valid; default is the present.

    Raises:
        ValueError, OSError: the policy, or the list of digests, cannot be read.
        Nothing for bad content of the model: that becomes an issue.
    """
    folder = Path(model_path)
    checker = ModelProvenanceChecker(policy, digests, memory)
    origin = checker.verify(folder, expected_source, progress=progress, now=now)
    findings = {"provenance": Findings(origin.issues, origin.evidence)}
    if folder.is_dir():
        findings["containers"] = check_containers(folder)
        findings["agreement"] = check_agreement(folder, Path(base) if base is not None else None)
        weights = WeightIntegrityValidator().validate(folder, reference, progress)
        findings["weights"] = Findings(weights.issues, weights.evidence)
    findings["advisories"] = check_advisories()
    accepted = not any(layer.errors for layer in findings.values())
    sha256 = {name: digest.sha256 for name, digest in origin.digests.items()}
    return ScanResult(str(folder), accepted, origin.verified and accepted, findings, sha256)
