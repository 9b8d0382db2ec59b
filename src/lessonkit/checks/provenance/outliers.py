"""The check of `find_outlier_rows`: rows of a table whose length is out of all proportion."""

import random
from collections.abc import Iterable
from typing import Any

import torch

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.provenance.plain import plain_number

NORMAL = 1.4826  # median absolute deviation -> standard deviation, for normal numbers
MARGIN = 0.15  # of the limit: no row lies closer to it than this


@exercise("find_outlier_rows")
class FindOutlierRows:
    """`find_outlier_rows(table, limit)`: by robust deviations of the rows' norms."""

    def cases(self, seed: int) -> list[Case]:
        draw = random.Random(seed)
        return [*(_telling_case(draw) for _ in range(3)), _ordinary_case(draw)]

    def observe(self, find_outlier_rows: Any, case: Case) -> Seen:
        found = find_outlier_rows(case["table"].clone(), case["limit"])
        if isinstance(found, torch.Tensor):
            found = found.tolist()
        if not isinstance(found, Iterable) or isinstance(found, (str, dict)):
            return {"type": type(found).__name__}
        return {"type": "list", "rows": [plain_number(row) for row in list(found)[:1000]]}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        rows = seen.get("rows")
        if not isinstance(rows, list):
            return Hint("not_a_list", {"type": str(seen.get("type"))})
        if not all(isinstance(row, int) and not isinstance(row, bool) for row in rows):
            return Hint("not_numbers")
        expected = outlier_rows(case["table"], case["limit"])
        if sorted(rows) == expected:
            return None
        for name, mistaken in MISTAKES.items():
            if sorted(rows) == mistaken(case["table"], case["limit"]):
                return Hint(name)
        return Hint("value", {"expected": str(expected), "found": str(sorted(rows))[:120]})

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        too_large = error.get("type") == "IndexError"
        return Hint("columns") if too_large else None


def deviations(norms: torch.Tensor, scale: float = NORMAL) -> torch.Tensor:
    """Return how many robust standard deviations each norm lies from the median."""
    median = norms.quantile(0.5)
    return (norms - median) / (scale * (norms - median).abs().quantile(0.5))


def outlier_rows(table: torch.Tensor, limit: float) -> list[int]:
    """Return the rows whose norm lies more than `limit` deviations from the median."""
    return _beyond(deviations(table.double().norm(dim=1)), limit)


def _beyond(scores: torch.Tensor, limit: float) -> list[int]:
    return (scores.abs() > limit).nonzero().flatten().tolist()


def _by_mean(table: torch.Tensor, limit: float) -> list[int]:
    norms = table.double().norm(dim=1)
    return _beyond((norms - norms.mean()) / norms.std(), limit)


def _only_long(table: torch.Tensor, limit: float) -> list[int]:
    return (deviations(table.double().norm(dim=1)) > limit).nonzero().flatten().tolist()


def _of_columns(table: torch.Tensor, limit: float) -> list[int]:
    return _beyond(deviations(table.double().norm(dim=0)), limit)


def _of_sums(table: torch.Tensor, limit: float) -> list[int]:
    return _beyond(deviations(table.double().sum(dim=1)), limit)


def _unscaled(table: torch.Tensor, limit: float) -> list[int]:
    return _beyond(deviations(table.double().norm(dim=1), 1.0), limit)


def _longest(table: torch.Tensor, _limit: float) -> list[int]:
    return [int(table.double().norm(dim=1).argmax())]


def _times_the_median(table: torch.Tensor, limit: float) -> list[int]:
    norms = table.double().norm(dim=1)
    return (norms > limit * norms.quantile(0.5)).nonzero().flatten().tolist()


MISTAKES = {
    "mean_and_deviation": _by_mean,
    "short_rows_missed": _only_long,
    "columns": _of_columns,
    "sums": _of_sums,
    "not_scaled": _unscaled,
    "longest_alone": _longest,
    "times_the_median": _times_the_median,
}


def _table(draw: random.Random) -> torch.Tensor:
    """Return a table of ordinary rows: their norms vary by about a tenth; one column is wide."""
    generator = torch.Generator().manual_seed(draw.getrandbits(40))
    rows, width = draw.randrange(240, 360), draw.randrange(20, 40)
    table = torch.randn(rows, width, generator=generator)
    table[:, draw.randrange(width)] *= 8
    norms = 1 + 0.1 * torch.randn(rows, generator=generator).clamp(-2.5, 2.5)
    return table / table.norm(dim=1, keepdim=True) * norms[:, None]


def _telling_case(draw: random.Random) -> Case:
    """Stretch and shrink rows until every likely mistake gives other rows."""
    while True:
        table, limit = _table(draw), round(draw.uniform(5.5, 7.5), 1)
        moved = draw.sample(range(len(table)), draw.randrange(8, 12))
        wild = [30.0, draw.uniform(22, 26), draw.uniform(8.5, 10)]
        slight = [draw.uniform(2, 4) for _ in moved[5:-2]]
        factors = [*wild, 0.0, draw.uniform(0.05, 0.3), *slight]
        for row, factor in zip(moved, factors, strict=False):
            table[row] *= factor
        for row in moved[-2:]:  # beyond the limit only where the scale is forgotten
            norms = table.norm(dim=1)
            spread = float((norms - norms.quantile(0.5)).abs().quantile(0.5))
            wanted = float(norms.quantile(0.5)) + 0.8 * limit * NORMAL * spread
            table[row] *= wanted / float(table[row].norm())
        found = [outlier_rows(table, limit), *(m(table, limit) for m in MISTAKES.values())]
        if _is_clear(table, limit) and all(found) and len(set(map(tuple, found))) == len(found):
            return {"table": table, "limit": limit}


def _ordinary_case(draw: random.Random) -> Case:
    while True:
        table, limit = _table(draw), round(draw.uniform(5.5, 7.5), 1)
        if _is_clear(table, limit) and not outlier_rows(table, limit):
            return {"table": table, "limit": limit}


def _is_clear(table: torch.Tensor, limit: float) -> bool:
    """Tell whether no row is so near the limit that rounding could decide about it."""
    scores = deviations(table.double().norm(dim=1)).abs()
    return bool(((scores / limit - 1).abs() > MARGIN).all())
