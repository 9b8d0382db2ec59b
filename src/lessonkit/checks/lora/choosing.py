"""The check of `best_row`: the smallest adapter that is as good as the best, up to its spread."""

import random
from collections.abc import Callable
from numbers import Number
from typing import Any

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.lora.plain import plain_number

Row = dict[str, Any]
WIDTHS = {"q+v": 400, "attention": 900, "all linear": 2100}  # parameters for each unit of rank


@exercise("best_row")
class BestRow:
    """`best_row(rows)`: fewest trained parameters within one spread of the best accuracy."""

    def cases(self, seed: int) -> list[Case]:
        draw = random.Random(seed)
        return [*(_telling_case(draw) for _ in range(3)), {"rows": [_row(draw, "q+v", 4)]}]

    def observe(self, best_row: Any, case: Case) -> Seen:
        rows = [dict(row) for row in case["rows"]]
        chosen = best_row(rows)
        if not isinstance(chosen, dict):
            return {"type": type(chosen).__name__}
        return {"type": "dict", "row": {str(k): _plain(v) for k, v in chosen.items()}}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen.get("type") != "dict":
            return Hint("not_a_row", {"type": seen.get("type")})
        rows, found = case["rows"], seen.get("row")
        if not _is_row(found) or found not in rows:
            return Hint("not_one_of_them")
        expected = _chosen(rows)
        if found == expected:
            return None
        for name, choose in MISTAKES.items():
            if found == choose(rows):
                return Hint(name)
        return Hint("value", {column: expected[column] for column in ("targets", "r")})


def _is_row(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(v, (str, Number)) for v in found.values())


def _plain(value: Any) -> int | float | str:
    return value if isinstance(value, str) else plain_number(value)


def _row(draw: random.Random, targets: str, r: int) -> Row:
    return {
        "targets": targets,
        "r": r,
        "trained": r * WIDTHS[targets] + draw.randrange(100),
        "accuracy": round(draw.uniform(0.80, 0.90), 3),
        "spread": round(draw.uniform(0.01, 0.05), 3),
    }


def _telling_case(draw: random.Random) -> Case:
    """Draw rows until the right choice and every likely mistake are different rows."""
    while True:
        rows = [_row(draw, targets, r) for targets in WIDTHS for r in (4, 8, 16, 32)]
        draw.shuffle(rows)
        choices = [choose(rows) for choose in (_chosen, *MISTAKES.values(), *OTHERS)]
        ties = len({row["accuracy"] for row in rows}) < len(rows)
        told_apart = len({row["trained"] for row in choices}) == len(choices)
        if told_apart and not ties and not _borderline(rows):
            return {"rows": rows}


def _chosen(rows: list[Row]) -> Row:
    return min(_near_the_best(rows), key=lambda row: row["trained"])


def _near_the_best(rows: list[Row]) -> list[Row]:
    best = max(rows, key=lambda row: row["accuracy"])
    return [row for row in rows if row["accuracy"] >= best["accuracy"] - best["spread"]]


def _borderline(rows: list[Row]) -> bool:
    """Tell whether rounding could decide if a row is near enough."""
    best = max(rows, key=lambda row: row["accuracy"])
    limit = best["accuracy"] - best["spread"]
    return any(abs(row["accuracy"] - limit) < 1e-6 for row in rows)


def _within_own_spread(rows: list[Row]) -> Row:
    best = max(row["accuracy"] for row in rows)
    near = [row for row in rows if row["accuracy"] + row["spread"] >= best]
    return min(near, key=lambda row: row["trained"])


MISTAKES: dict[str, Callable[[list[Row]], Row]] = {
    "most_accurate": lambda rows: max(rows, key=lambda row: row["accuracy"]),
    "smallest_of_all": lambda rows: min(rows, key=lambda row: row["trained"]),
    "own_spread": _within_own_spread,
    "smallest_rank": lambda rows: min(_near_the_best(rows), key=lambda row: row["r"]),
    "first_near": lambda rows: _near_the_best(rows)[0],
}
OTHERS = (  # odder choices, which get no hint of their own
    lambda rows: min(rows, key=lambda row: row["spread"]),
    lambda rows: min(rows, key=lambda row: row["accuracy"]),
)
