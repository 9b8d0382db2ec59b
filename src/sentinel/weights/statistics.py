"""Statistics of one tensor, gathered in one pass over its rows."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

import numpy as np

from sentinel.weights.tensors import Tensor

# Tensors whose rows stand for tokens or labels, one each.
TABLES = re.compile(
    r".*(word_embeddings|embed_tokens|wte|token_embedding|shared|embed_in|lm_head|classifier"
    r"|score|out_proj|decoder)\.weight"
)
EMBEDDINGS = re.compile(
    r".*(word_embeddings|embed_tokens|wte|token_embedding|shared|embed_in)\.weight"
)
POWER_STEPS = 12


@dataclass
class TensorStatistics:
    """What one pass over a tensor tells.

    Attributes:
        name, dtype, shape: as stored.
        not_finite: numbers that are NaN or infinite.
        rms: root of the mean square of the finite numbers.
        largest: largest absolute value.
        zero_rows: rows of zeros only.
        row_norms: Euclidean norm of each row, for tables of tokens or labels; else empty.
        duplicates: pairs of equal rows that are not zero, for the same tables.
        top_share: share of the sum of squares that the largest singular value carries, for
            matrices small enough; else None.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    not_finite: int = 0
    rms: float = 0.0
    largest: float = 0.0
    zero_rows: int = 0
    row_norms: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    duplicates: list[tuple[int, int]] = field(default_factory=list)
    top_share: float | None = None

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON, without the norms."""
        return {
            "name": self.name,
            "dtype": self.dtype,
            "shape": list(self.shape),
            "not_finite": self.not_finite,
            "rms": self.rms,
            "largest": self.largest,
            "zero_rows": self.zero_rows,
            "duplicate_rows": len(self.duplicates),
            "top_share": self.top_share,
        }


def measure(tensor: Tensor) -> TensorStatistics:
    """Read a tensor once and return its statistics.

    Raises:
        OSError: the file cannot be read.
    """
    result = TensorStatistics(tensor.name, tensor.info.dtype, tensor.info.shape)
    table = len(tensor.info.shape) == 2 and TABLES.fullmatch(tensor.name) is not None
    norms, seen = [], {}
    squares = count = 0.0
    whole_matrix = None  # stays None if it takes several blocks: too large to decompose
    for first, block in tensor.blocks():
        if len(block) == tensor.rows:
            whole_matrix = block
        finite = np.isfinite(block)
        whole = bool(finite.all())
        result.not_finite += 0 if whole else int(block.size - finite.sum())
        numbers = block if whole else np.where(finite, block, 0)
        sums = np.einsum("ij,ij->i", numbers, numbers, dtype=np.float64)
        squares, count = squares + float(sums.sum()), count + numbers.size
        result.largest = max(result.largest, float(np.abs(numbers).max()))
        result.zero_rows += int((sums == 0).sum())
        if table:
            norms.append(np.sqrt(sums).astype(np.float32))
            _note_duplicates(result, numbers, sums, first, seen)
    result.rms = float(np.sqrt(squares / count)) if count else 0.0
    result.row_norms = np.concatenate(norms) if norms else result.row_norms
    if whole_matrix is not None and not result.not_finite:
        result.top_share = _top_share(whole_matrix, result)
    return result


def _note_duplicates(
    result: TensorStatistics,
    block: np.ndarray,
    sums: np.ndarray,
    first: int,
    seen: dict[bytes, int],
) -> None:
    for row in np.flatnonzero(sums > 0):
        digest = hashlib.blake2b(block[row].tobytes(), digest_size=12).digest()
        earlier = seen.setdefault(digest, first + int(row))
        if earlier != first + row:
            result.duplicates.append((earlier, first + int(row)))


def _top_share(matrix: np.ndarray, result: TensorStatistics) -> float | None:
    """Estimate the largest singular value by power iteration (Golub and Van Loan, §8.2)."""
    square = len(result.shape) == 2 and min(result.shape) >= 16
    if not square or not result.rms:
        return None
    matrix = matrix / result.rms
    vector = np.random.default_rng(0).standard_normal(matrix.shape[1]).astype(np.float32)
    for _ in range(POWER_STEPS):
        vector = matrix.T @ (matrix @ (vector / np.linalg.norm(vector)))
    return float(np.linalg.norm(vector) / matrix.size)


def robust_scores(values: np.ndarray) -> np.ndarray:
    """Return how many robust standard deviations each value lies from the median.

    The deviation is 1.4826 times the median absolute deviation, which equals the standard
    deviation for normal values (Rousseeuw and Croux 1993).
    """
    median = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - median))
    return (values - median) / max(float(spread), 1e-3)
