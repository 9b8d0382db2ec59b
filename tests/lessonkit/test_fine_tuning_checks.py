"""Lesson 03's checks beyond the bank: what is odd or forged gets a hint instead of a crash."""

import math
from typing import Any

import pytest
import torch

from gradekit.answers import answers_of, run_answer
from lessonkit.checks import find_check, judge_seen, observe_answer, run_check
from lessonkit.checks.core import IN_CLASS_SEED
from lessonkit.messages import LANGUAGES, hint_text

BANK = answers_of("03_full_fine_tuning")
EXERCISES = list(dict.fromkeys(answer.exercise for answer in BANK))
REFERENCES = {a.exercise: a for a in BANK if a.name == "reference"}
ODD_VALUES = [None, True, -1, math.nan, math.inf, 1e300, "text", [], [1], [[None]], {}, {"a": 1}]
ODD_RESULTS = [
    None,
    1.5,
    "text",
    (),
    (None, None),
    {},
    {"input_ids": [], "attention_mask": []},
    {"input_ids": [[]] * 3, "attention_mask": [[]] * 3},
    {"input_ids": [[1.5]], "attention_mask": None},
    {"accuracy": None, "missed": "none", "false_alarms": []},
    {"accuracy": math.nan, "missed": math.inf, "false_alarms": True},
    {"difference": math.nan, "low": -math.inf, "high": 0, "winner": 3},
    {"seconds": -1, "peak_mb": -1, "trained": 0, "share": 0, "accuracy": 2},
    torch.tensor(2),
    torch.zeros(6, 6),
]


@pytest.mark.parametrize("result", ODD_RESULTS, ids=repr)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_odd_results_get_a_hint(exercise: str, result: Any) -> None:
    hint = run_check(exercise, lambda *_args, **_options: result).hint
    assert all(hint_text(exercise, hint.name, language, hint.values) for language in LANGUAGES)


@pytest.fixture(scope="module")
def seen_by_exercise() -> dict[str, tuple[Any, dict, dict]]:
    """Each exercise's check, its first case, and what was seen of the reference on it."""
    found = {}
    for exercise, answer in REFERENCES.items():
        check = find_check(exercise)
        case = check.cases(IN_CLASS_SEED)[0]
        found[exercise] = (check, case, observe_answer(check, run_answer(answer), case))
    return found


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_forged_observation_gets_a_hint(exercise: str, seen_by_exercise: dict) -> None:
    check, case, seen = seen_by_exercise[exercise]
    assert judge_seen(check, seen, case) is None
    for forged in _forgeries(seen):
        hint = judge_seen(check, forged, case)
        if hint is not None:
            assert all(hint_text(exercise, hint.name, lang, hint.values) for lang in LANGUAGES)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_nothing_seen_is_never_right(exercise: str, seen_by_exercise: dict) -> None:
    check, case, _ = seen_by_exercise[exercise]
    assert judge_seen(check, {}, case) is not None


def _forgeries(seen: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was seen with one part left out or replaced, also one level down."""
    forged = [{key: seen[key] for key in seen if key != name} for name in seen]
    for name, value in seen.items():
        forged += [{**seen, name: odd} for odd in ODD_VALUES]
        if isinstance(value, dict):
            forged += [{**seen, name: inner} for inner in _forgeries(value)]
    return forged


def test_measuring_is_steady_when_the_machine_is_busy() -> None:
    measure = run_answer(REFERENCES["measure"])
    assert [run_check("measure", measure, seed).hint for seed in range(8)] == [None] * 8
