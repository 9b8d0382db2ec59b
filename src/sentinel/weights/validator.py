"""Integrity of a model's weights, read in a stream."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentinel.findings import Evidence, Findings, Issue
from sentinel.weights.audit import audit
from sentinel.weights.comparison import Comparison, compare
from sentinel.weights.statistics import TensorStatistics, measure
from sentinel.weights.tensors import READABLE, Tensor, read_tensors

PICKLED = {".bin", ".pt", ".pth", ".ckpt"}


@dataclass(frozen=True)
class WeightReport:
    """What a model's numbers say.

    Attributes:
        model_path: what was read.
        sound: whether nothing speaks for refusing the weights.
        issues: what speaks against them.
        evidence: what was looked at and found in order.
        tensors: statistics of each tensor.
        comparison: against the reference, if there was one.
    """

    model_path: str
    sound: bool
    issues: list[Issue]
    evidence: list[Evidence]
    tensors: list[TensorStatistics] = field(repr=False, default_factory=list)
    comparison: Comparison | None = field(repr=False, default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "model_path": self.model_path,
            "sound": self.sound,
            **Findings(self.issues, self.evidence).to_dict(),
            "tensors": [tensor.to_dict() for tensor in self.tensors],
            "comparison": self.comparison.to_dict() if self.comparison else None,
        }

    def __str__(self) -> str:
        verdict = "sound" if self.sound else "not sound"
        lines = [f"weights of {self.model_path}: {verdict}, {len(self.tensors)} tensors"]
        if self.comparison is not None:
            lines.append(f"against the reference: {self.comparison.kind}")
        lines += [f"- {issue} ({issue.file}): {issue.found}" for issue in self.issues]
        return "\n".join(lines)


class WeightIntegrityValidator:
    """Audits weights by themselves, and against a reference checkpoint where there is one."""

    def validate(
        self,
        model_path: str | os.PathLike[str],
        reference: str | os.PathLike[str] | None = None,
        progress: Callable[[str, int], None] | None = None,
    ) -> WeightReport:
        """Read every tensor of a model's safetensors files once.

        Args:
            model_path: folder, or one safetensors file.
            reference: folder or file with the checkpoint that the model claims to be, or to be
                trained from.
            progress: called with each tensor's name and its bytes, once it is read.
        """
        path, findings = Path(model_path), Findings()
        tensors = self._read(path, findings)
        statistics = []
        for tensor in tensors.values():
            if tensor.info.dtype in READABLE:
                statistics.append(measure(tensor))
            if progress is not None:
                progress(tensor.name, tensor.info.end - tensor.info.start)
        files = {name: tensor.path.name for name, tensor in tensors.items()}
        findings.extend(audit(statistics, files))
        comparison = self._compare(tensors, reference, findings)
        if tensors and not findings.errors:
            findings.confirm(f"{len(tensors)} tensors hold finite, ordinary numbers")
        return WeightReport(
            str(path),
            not findings.errors,
            findings.issues,
            findings.evidence,
            statistics,
            comparison,
        )

    def _read(self, path: Path, findings: Findings) -> dict[str, Tensor]:
        if not path.exists():
            findings.error("No model", str(path), "a folder or a file with weights", "nothing")
            return {}
        tensors, damaged = read_tensors(path)
        for name in damaged:
            findings.error(
                "Malformed safetensors", name, "a file that can be read", "a damaged one"
            )
        unread = sorted({t.info.dtype for t in tensors.values()} - READABLE)
        if unread:
            findings.note("Weights not inspected", "", "a type that can be read", ", ".join(unread))
        pickled = [p.name for p in path.iterdir() if p.suffix in PICKLED] if path.is_dir() else []
        if pickled and not tensors:
            found = f"{', '.join(sorted(pickled)[:3])}: pickles are not loaded"
            findings.note("Weights not inspected", pickled[0], "safetensors", found)
        return tensors

    def _compare(
        self,
        tensors: dict[str, Tensor],
        reference: str | os.PathLike[str] | None,
        findings: Findings,
    ) -> Comparison | None:
        if reference is None:
            return None
        others = self._read(Path(reference), findings)
        return compare(tensors, others, findings) if tensors and others else None
