"""Lesson 03's checks beyond the bank: what is odd gets a hint instead of a crash."""

import math
from typing import Any

import pytest
import torch

from gradekit.answers import answers_of, run_answer
from lessonkit.checks import run_check
from lessonkit.messages import LANGUAGES, hint_text

BANK = answers_of("03_full_fine_tuning")
EXERCISES = list(dict.fromkeys(answer.exercise for answer in BANK))
REFERENCES = {a.exercise: a for a in BANK if a.name == "reference"}
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


def test_measuring_is_steady_when_the_machine_is_busy() -> None:
    measure = run_answer(REFERENCES["measure"])
    assert [run_check("measure", measure, seed).hint for seed in range(8)] == [None] * 8
