"""The check of `compare`."""

import math
from typing import Any

import numpy as np
from scipy import stats

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.full_fine_tuning.plain import (
    close,
    malformed_numbers,
    mapping,
    plain_numbers,
    text,
)

NAMES = ("difference", "low", "high")
WINNERS = ("first", "second", "unclear")


@exercise("compare")
class Compare:
    """`compare(first, second)`: the mean of paired differences, its interval, who is better."""

    def cases(self, seed: int) -> list[Case]:
        """Clearly better, clearly worse, better only on average, equally often both ways."""
        return [
            _case(seed, draws=3, ahead=0.06, noise=0.006),
            _case(seed + 1, draws=5, ahead=-0.05, noise=0.01),
            _case(seed + 2, draws=3, ahead=0.012, noise=0.02),
            _case(seed + 3, draws=8, ahead=0.0, noise=0.02),
        ]

    def observe(self, compare: Any, case: Case) -> Seen:
        result = compare(list(case["first"]), list(case["second"]))
        winner = result.get("winner") if hasattr(result, "get") else None
        return {**plain_numbers(result), "winner": winner if isinstance(winner, str) else None}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if hint := malformed_numbers(seen, NAMES):
            return hint
        found, right = mapping(seen["values"]), _expected(case)
        if not close(found["difference"], right["difference"]):
            return _wrong_difference(found["difference"], right["difference"], case)
        if not (close(found["low"], right["low"]) and close(found["high"], right["high"])):
            return _wrong_interval(found, case)
        winner = seen.get("winner")
        if winner not in WINNERS:
            return Hint("winner_word", {"found": text(winner)})
        if winner != right["winner"]:
            name = "winner_too_early" if right["winner"] == "unclear" else "winner"
            return Hint(name, {"found": winner, "expected": right["winner"]})
        return None


def _case(seed: int, draws: int, ahead: float, noise: float) -> Case:
    """Two methods on the same draws: easy draws are easy for both.

    The differences are standardised, so that the verdict never depends on the seed; their size
    does.
    """
    random = np.random.default_rng(seed)
    size = random.uniform(0.8, 1.25)
    common = 0.75 + 0.06 * random.normal(size=draws)
    own = random.normal(size=draws)
    own = (own - own.mean()) / own.std(ddof=1)
    differences = size * (ahead + noise * own)
    first, second = common + differences / 2, common - differences / 2
    return {"first": first.tolist(), "second": second.tolist()}


def _expected(case: Case) -> dict[str, Any]:
    differences = np.subtract(case["first"], case["second"])
    middle = float(differences.mean())
    half = _half_width(case)
    ahead = "first" if middle > half else "second" if middle < -half else "unclear"
    return {"difference": middle, "low": middle - half, "high": middle + half, "winner": ahead}


def _half_width(case: Case) -> float:
    differences = np.subtract(case["first"], case["second"])
    count = len(differences)
    error = float(differences.std(ddof=1)) / math.sqrt(count)
    return float(stats.t.ppf(0.975, count - 1)) * error


def _wrong_difference(found: float, right: float, case: Case) -> Hint:
    if close(found, -right):
        return Hint("sign")
    if close(found, 100 * right, 1e-4):
        return Hint("percent")
    if close(found, right * len(case["first"])):
        return Hint("not_averaged")
    if abs(found - right) < 0.005:
        return Hint("rounded")
    return Hint("difference", {"found": f"{found:.4g}"})


def _wrong_interval(found: Any, case: Case) -> Hint:
    """Return the hint for an interval of another width, or in another place."""
    low, middle, high = found["low"], found["difference"], found["high"]
    if low > high:
        return Hint("ends_swapped")
    if not close((low + high) / 2, middle, 1e-9):
        return Hint("not_around_the_mean")
    half = (high - low) / 2
    for name, width in _other_half_widths(case):
        if close(half, width, 1e-7):
            return Hint(name)
    return Hint("interval", {"found": f"{half:.4g}"})


def _other_half_widths(case: Case) -> list[tuple[str, float]]:
    first, second = np.array(case["first"]), np.array(case["second"])
    count = len(first)
    right = _half_width(case)
    quantile = float(stats.t.ppf(0.975, count - 1))
    error = right / quantile
    unpaired = math.sqrt((first.var(ddof=1) + second.var(ddof=1)) / count)
    return [
        ("normal", 1.96 * error),
        ("normal", float(stats.norm.ppf(0.975)) * error),
        ("normal", 2 * error),
        ("no_quantile", error),
        ("no_quantile", error * math.sqrt(count)),
        ("one_sided", float(stats.t.ppf(0.95, count - 1)) * error),
        ("degrees_of_freedom", float(stats.t.ppf(0.975, count)) * error),
        ("population_std", right * math.sqrt((count - 1) / count)),
        ("not_divided_by_root", right * math.sqrt(count)),
        ("unpaired", quantile * unpaired),
    ]
