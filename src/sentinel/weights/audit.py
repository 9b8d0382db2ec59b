"""What a checkpoint's own numbers say, without anything to compare them with.

The thresholds lie well beyond what trained models show: in the course's encoder the largest
weight is 175 times its matrix's root mean square, and rows of tiny embeddings reach 10 robust
deviations. `benchmarks/tamper_corpus.py` shows that clean models of ten families stay below.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from sentinel.findings import Findings
from sentinel.tensor_names import any_layer
from sentinel.weights.statistics import EMBEDDINGS, TensorStatistics, robust_scores

LARGEST_RATIO = 2000.0  # largest weight over root mean square
LARGEST_SHARE = 0.9  # of a matrix's squares in one weight; in trained ones it is a few percent
SMALLEST_MATRIX = 1024  # numbers; below, one weight may well be the rest's equal
ROW_WARNING, ROW_ERROR = 12.0, 20.0  # robust deviations of a row's logarithmic norm
ROW_RATIO = 4.0  # over the median norm
SCALE_WARNING, SCALE_ERROR = 6.0, 20.0  # over or under the median of the same tensor's layers
FEWEST_LAYERS = 3
MOST_DUPLICATES = 0.02  # share of rows; more than that are tokens never trained
SHARE_ERROR = 0.9  # of a matrix's squares in one direction, where its siblings have a third


def audit(statistics: list[TensorStatistics], files: dict[str, str]) -> Findings:
    """Report what trained weights do not look like.

    Args:
        statistics: of each tensor.
        files: tensor name -> file that holds it.
    """
    findings = Findings()
    for measured in statistics:
        file = files[measured.name]
        if measured.not_finite:
            found = f"{measured.name}: {measured.not_finite} NaN or infinite"
            findings.error("Not a number", file, "finite numbers", found)
        _check_largest(findings, measured, file)
        if EMBEDDINGS.fullmatch(measured.name):
            _check_rows(findings, measured, file)
        _check_duplicates(findings, measured, file)
    _check_siblings(findings, statistics, files)
    return findings


def _check_largest(findings: Findings, measured: TensorStatistics, file: str) -> None:
    ratio = measured.largest / measured.rms if measured.rms else 0.0
    # One number in n, the rest small, has a ratio of at most the root of n: scale with it.
    size = float(np.prod(measured.shape))
    alone = size >= SMALLEST_MATRIX and len(measured.shape) > 1 and ratio**2 > LARGEST_SHARE * size
    if alone or ratio > min(LARGEST_RATIO, max(400.0, 0.5 * size**0.5)):
        found = f"{measured.name}: {measured.largest:.3g}, {ratio:.0f} times the rest"
        findings.error("Outlier weight", file, f"at most {LARGEST_RATIO:.0f} times", found)


def _check_rows(findings: Findings, measured: TensorStatistics, file: str) -> None:
    """Report rows of an embedding that are much longer than all others."""
    norms = measured.row_norms
    rows = np.flatnonzero((norms > 0) & np.isfinite(norms))
    if len(rows) < 50:
        return
    logs = np.log(norms[rows].astype(np.float64))
    scores = robust_scores(logs)
    ratios = norms[rows] / np.median(norms[rows])
    for place in np.argsort(-scores)[:5]:
        score, ratio = float(scores[place]), float(ratios[place])
        if score < ROW_WARNING or ratio < 2:
            continue
        refuse = score > ROW_ERROR and ratio > ROW_RATIO
        report = findings.error if refuse else findings.warn
        found = f"{measured.name}: row {rows[place]} has {ratio:.1f} times the median norm"
        report("Outlier row", file, "rows of similar length", found)


def _check_duplicates(findings: Findings, measured: TensorStatistics, file: str) -> None:
    count = len(measured.duplicates)
    if 0 < count <= max(2, MOST_DUPLICATES * measured.shape[0]):
        pairs = ", ".join(f"{one} = {two}" for one, two in measured.duplicates[:5])
        found = f"{measured.name}: rows {pairs}"
        findings.warn("Duplicated row", file, "a row of its own for each token", found)
    elif count:
        found = f"{measured.name}: {count} rows repeat others"
        findings.note("Duplicated row", file, "trained rows", found)


def _check_siblings(
    findings: Findings, statistics: list[TensorStatistics], files: dict[str, str]
) -> None:
    """Compare a tensor with the tensor of the same name in the other layers."""
    families: dict[str, list[TensorStatistics]] = defaultdict(list)
    for measured in statistics:
        if measured.rms > 0 or not measured.not_finite:
            families[any_layer(measured.name)].append(measured)
    for family in families.values():
        if len(family) < FEWEST_LAYERS:
            continue
        median = float(np.median([measured.rms for measured in family]))
        for measured in family:
            _check_scale(findings, measured, median, files[measured.name])
            _check_share(findings, measured, family, files[measured.name])


def _check_scale(findings: Findings, measured: TensorStatistics, median: float, file: str) -> None:
    if median == 0 or (measured.rms == 0 and len(measured.shape) < 2):
        return
    if measured.rms == 0:
        found = f"{measured.name}: zeros only, {median:.3g} in other layers"
        findings.error("Outlier tensor", file, "weights of the other layers' size", found)
        return
    ratio = max(measured.rms / median, median / measured.rms)
    matrix = len(measured.shape) > 1
    if not matrix or ratio < SCALE_WARNING:
        return
    report = findings.error if ratio > SCALE_ERROR else findings.warn
    found = f"{measured.name}: {measured.rms:.3g} against {median:.3g} in other layers"
    report("Outlier tensor", file, "weights of the other layers' size", found)


def _check_share(
    findings: Findings, measured: TensorStatistics, family: list[TensorStatistics], file: str
) -> None:
    shares = [other.top_share for other in family if other.top_share is not None]
    if measured.top_share is None or len(shares) < FEWEST_LAYERS:
        return
    if measured.top_share > SHARE_ERROR and np.median(shares) < SHARE_ERROR / 3:
        found = f"{measured.name}: {measured.top_share:.0%} in one direction"
        findings.error("Outlier spectrum", file, f"{np.median(shares):.0%}, as elsewhere", found)
