"""Lesson 01's checks beyond the bank: chance never fails a right answer, odd results get a hint."""

from typing import Any

import pytest
import torch

from gradekit.answers import Answer, answers_of, run_answer
from lessonkit.checks import run_check
from lessonkit.messages import LANGUAGES, hint_text

BANK = answers_of("01_pretraining_objectives")
EXERCISES = list(dict.fromkeys(answer.exercise for answer in BANK))
RIGHT_MASKING = [a for a in BANK if a.exercise == "mask_tokens" and a.hint is None]

ODD_RESULTS = [
    None,
    1.5,
    "text",
    (),
    (None, None),
    ([], []),
    ([1.5], [2]),
    ([[1]], [[2]]),
    torch.tensor(2),
    torch.tensor(float("nan")),
    torch.zeros(0),
    torch.zeros(6, 6, dtype=torch.complex64),
    (torch.zeros(8, 96), torch.zeros(8, 96)),
    (torch.tensor(1), torch.tensor(1)),
]


@pytest.mark.parametrize("answer", RIGHT_MASKING, ids=lambda answer: answer.name)
def test_chance_never_fails_a_right_answer(answer: Answer) -> None:
    seeds = range(5) if "loop" in answer.name else range(100, 150)
    mask_tokens = run_answer(answer)
    assert [run_check("mask_tokens", mask_tokens, seed).hint for seed in seeds] == [None] * len(
        seeds
    )


@pytest.mark.parametrize("result", ODD_RESULTS, ids=repr)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_odd_results_get_a_hint(exercise: str, result: Any) -> None:
    hint = run_check(exercise, lambda *_args, **_options: result).hint
    assert all(hint_text(exercise, hint.name, language, hint.values) for language in LANGUAGES)


def test_a_result_that_changes_later_gets_a_hint() -> None:
    mask_tokens, calls = run_answer(RIGHT_MASKING[0]), []

    def moody(*args: Any, **options: Any) -> Any:
        calls.append(1)
        return mask_tokens(*args, **options) if len(calls) <= 30 else None

    assert run_check("mask_tokens", moody).hint.name == "returned"
