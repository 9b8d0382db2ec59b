"""A checkpoint against a reference: which tensors differ, and whether training explains it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sentinel.findings import Findings
from sentinel.weights.statistics import EMBEDDINGS
from sentinel.weights.tensors import FLOATS, READABLE, Tensor

HEADS = re.compile(
    r"(.*\.)?(classifier|score|qa_outputs|lm_head|cls|pooler|pre_classifier|head)\b.*"
)
SMALLEST_MATRIX = 16  # rows and columns; below, every rank is low
SKETCH = 64  # largest rank told from a full one
LOW_RANK_ENERGY = 0.999
LARGEST_SKETCHED = 64 << 20  # numbers
CAST = {"BF16": 2.0**-8, "F16": 2.0**-10}  # relative rounding of a cast
FEW_ROWS = 0.02  # share of an embedding's rows
LARGE_CHANGE = 0.5  # of a tensor's norm; fine-tuning changes a few percent


@dataclass
class TensorChange:
    """How one tensor differs from the reference.

    Attributes:
        name: the tensor.
        relative: Frobenius norm of the difference over that of the reference.
        largest: largest absolute difference.
        elements: share of numbers that differ.
        rows: rows that differ, at most a hundred of them.
        row_share: share of rows that differ.
        rank: rank of the difference, if it is at most 64; None if it is higher or not a matrix.
    """

    name: str
    relative: float
    largest: float
    elements: float
    rows: list[int]
    row_share: float
    rank: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass
class Comparison:
    """A checkpoint against its reference.

    Attributes:
        kind: "identical", "cast", "low rank", "fine-tuned", "new head" or "unexplained".
        identical: tensors equal to the last bit.
        changes: how the others differ.
        missing, added: tensors that only one of both has.
    """

    kind: str = "identical"
    identical: int = 0
    changes: list[TensorChange] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        changes = [change.to_dict() for change in self.changes]
        return vars(self) | {"changes": changes}


def compare(
    tensors: dict[str, Tensor], reference: dict[str, Tensor], findings: Findings
) -> Comparison:
    """Compare two checkpoints tensor by tensor and judge the pattern of the changes.

    Args:
        tensors: of the model.
        reference: of the checkpoint that it claims to be, or to be trained from.
        findings: takes what no cast, adapter or fine-tuning explains.
    """
    result = Comparison()
    names = _matched(tensors, reference)
    result.missing = sorted(set(reference) - set(names.values()))
    result.added = sorted(set(tensors) - set(names))
    casts = True
    for name, other in names.items():
        change = _change(tensors[name], reference[other], findings)
        if change is None:
            result.identical += 1
            continue
        result.changes.append(change)
        casts &= _is_cast(change, tensors[name], reference[other])
    _judge(result, findings, tensors, casts)
    return result


def _matched(tensors: dict[str, Tensor], reference: dict[str, Tensor]) -> dict[str, str]:
    """Pair names, allowing for the prefix that a model with a head puts before its body's."""
    prefixes = {name.split(".")[0] + "." for name in [*tensors, *reference]}
    pairs = {}
    for name in tensors:
        candidates = [
            name,
            *(p + name for p in prefixes),
            *(name.removeprefix(p) for p in prefixes),
        ]
        found = next((other for other in candidates if other in reference), None)
        if found is not None:
            pairs[name] = found
    return pairs


def _change(tensor: Tensor, reference: Tensor, findings: Findings) -> TensorChange | None:
    """Return how a tensor differs, or None if it does not."""
    if tensor.info.shape != reference.info.shape:
        expected, found = str(reference.info.shape), f"{tensor.name}: {tensor.info.shape}"
        findings.error("Shape mismatch", tensor.path.name, expected, found)
        return TensorChange(tensor.name, float("inf"), float("inf"), 1.0, [], 1.0)
    if not {tensor.info.dtype, reference.info.dtype} <= READABLE:
        return None
    squares = total = 0.0
    elements, largest = 0, 0.0
    rows: list[int] = []
    for (first, ours), (_, theirs) in zip(tensor.blocks(), reference.blocks(), strict=True):
        different = (ours != theirs) & ~(np.isnan(ours) & np.isnan(theirs))
        total += float(np.sum(np.square(theirs, dtype=np.float64)))
        if not different.any():
            continue
        gap = np.where(np.isfinite(ours - theirs), ours - theirs, 0)
        squares += float(np.sum(np.square(gap, dtype=np.float64)))
        largest = max(largest, float(np.abs(gap).max()))
        elements += int(different.sum())
        rows += (np.flatnonzero(different.any(axis=1)) + first).tolist()
    if not elements:
        return None
    relative = float(np.sqrt(squares / total)) if total else float("inf")
    share = elements / max(tensor.rows * tensor.columns, 1)
    rank = _rank(tensor, reference)
    return TensorChange(
        tensor.name, relative, largest, share, rows[:100], len(rows) / tensor.rows, rank
    )


def _rank(tensor: Tensor, reference: Tensor) -> int | None:
    """Estimate the rank of the difference from a random sketch (Halko et al. 2011)."""
    if len(tensor.info.shape) != 2 or tensor.rows * tensor.columns > LARGEST_SKETCHED:
        return None
    if min(tensor.info.shape) < SMALLEST_MATRIX:
        return None
    gap = (tensor.matrix() - reference.matrix()).astype(np.float64)
    if not np.isfinite(gap).all():
        return None
    width = min(SKETCH, min(gap.shape) // 2)
    basis, _ = np.linalg.qr(gap @ np.random.default_rng(0).standard_normal((gap.shape[1], width)))
    values = np.linalg.svd(basis.T @ gap, compute_uv=False)
    energy = float(np.sum(gap**2))
    if np.sum(values**2) < LOW_RANK_ENERGY * energy:
        return None
    return int(np.searchsorted(np.cumsum(values**2), LOW_RANK_ENERGY * energy) + 1)


def _is_cast(change: TensorChange, tensor: Tensor, reference: Tensor) -> bool:
    """Whether rounding to the tensor's type explains the change."""
    step = CAST.get(tensor.info.dtype)
    return step is not None and tensor.info.dtype != reference.info.dtype and change.relative < step


def _judge(result: Comparison, findings: Findings, tensors: dict[str, Tensor], casts: bool) -> None:
    body = [change for change in result.changes if not HEADS.fullmatch(change.name)]
    if not result.changes:
        result.kind = "new head" if result.added or result.missing else "identical"
    elif casts:
        result.kind = "cast"
    elif not body:
        result.kind = "new head"
    elif _is_adapter(body):
        result.kind = "low rank"
    elif _is_training(body, tensors):
        result.kind = "fine-tuned"
    else:
        result.kind = "unexplained"
    _report(result, findings, tensors, body)


def _is_adapter(body: list[TensorChange]) -> bool:
    """Whether a merged adapter explains the changes: low rank, dense, and not in one place only.

    Editing a fact or planting a trigger changes one matrix by rank one (Meng et al. 2022).
    """
    return len(body) > 1 and all(c.rank is not None and c.elements > 0.5 for c in body)


def _is_training(body: list[TensorChange], tensors: dict[str, Tensor]) -> bool:
    """Whether gradients explain the changes: in most tensors, in most numbers, and small.

    An embedding changes in the rows of the words that were seen; every other matrix that is
    trained changes nearly everywhere.
    """
    floats = [name for name, tensor in tensors.items() if tensor.info.dtype in FLOATS]
    matrices = [
        change
        for change in body
        if len(tensors[change.name].info.shape) > 1 and not EMBEDDINGS.fullmatch(change.name)
    ]
    if not matrices or len(matrices) < 0.1 * len(floats):
        return False
    dense = sum(change.elements > 0.5 for change in matrices)
    small = sum(change.relative < LARGE_CHANGE for change in matrices)
    return dense >= 0.9 * len(matrices) and small >= 0.9 * len(matrices)


def _report(
    result: Comparison,
    findings: Findings,
    tensors: dict[str, Tensor],
    body: list[TensorChange],
) -> None:
    if result.kind == "unexplained":
        for change in sorted(body, key=lambda change: change.elements)[:10]:
            _report_change(findings, tensors[change.name], change)
    elif result.kind == "fine-tuned":
        _report_uneven(findings, tensors, body)
    if result.kind != "unexplained":
        claim = f"against the reference: {result.kind}"
        counts = f"{result.identical} tensors identical, {len(result.changes)} changed"
        findings.confirm(claim, found=f"{counts}, {len(result.added)} added")
    lost = [name for name in result.missing if not HEADS.fullmatch(name)]
    for name in lost[:10]:
        findings.warn("Missing tensor", "", f"{name}, as in the reference", "nothing")


def _report_change(findings: Findings, tensor: Tensor, change: TensorChange) -> None:
    where = (
        f"rows {change.rows[:5]}"
        if change.row_share <= FEW_ROWS
        else f"{change.row_share:.0%} of rows"
    )
    found = (
        f"{change.name}: {where}, {change.elements:.2%} of its numbers, "
        f"by {change.relative:.2%} of its norm, at most {change.largest:.3g}"
    )
    expected = "no change, or one that training, a cast or an adapter explains"
    findings.error("Unexplained change", tensor.path.name, expected, found)


def _report_uneven(
    findings: Findings, tensors: dict[str, Tensor], body: list[TensorChange]
) -> None:
    """Within a fine-tuned model, name tensors that changed out of all proportion."""
    matrices = [change for change in body if len(tensors[change.name].info.shape) > 1]
    middle = float(np.median([change.relative for change in matrices]))
    for change in matrices:
        if change.relative > max(20 * middle, LARGE_CHANGE):
            found = f"{change.name}: {change.relative:.0%}, {middle:.1%} in most tensors"
            findings.error("Uneven change", tensors[change.name].path.name, "even changes", found)
