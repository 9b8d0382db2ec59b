"""Lesson 05's checks beyond the bank: seeds, hints, odd results."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from gradekit.answers import Answer, answers_of, run_answer
from lessonkit.checks import find_check, run_check
from lessonkit.checks.core import observe_answer
from lessonkit.checks.provenance.manifests import expected_names
from lessonkit.messages import LANGUAGES, hint_text

# `screen` has tests of its own: test_capstone.py
BANK = [answer for answer in answers_of("05_provenance_checks") if answer.exercise != "screen"]
EXERCISES = list(dict.fromkeys(answer.exercise for answer in BANK))
REFERENCE = {answer.exercise: answer for answer in BANK if answer.name == "reference"}
RIGHT = [answer for answer in BANK if answer.hint is None]

ODD_RESULTS = [
    None,
    True,
    1.5,
    10**400,
    "text",
    b"bytes",
    float("nan"),
    (),
    [],
    {},
    [None, 2.5, "x"],
    [{"text": None, "label": [1]}] * 200,
    {"missing": None, "changed": [1], "added": "x", "unsafe": [[]]},
    {"missing": (), "changed": (), "added": (), "unsafe": (Path("x"),)},
    torch.tensor(float("nan")),
    torch.zeros(0),
    torch.nn.Linear(2, 3),
]


@pytest.mark.parametrize("answer", RIGHT, ids=lambda answer: f"{answer.exercise}-{answer.name}")
def test_right_answers_pass_on_many_seeds(answer: Answer) -> None:
    solution = run_answer(answer)
    seeds = range(50, 60)
    assert [run_check(answer.exercise, solution, seed).hint for seed in seeds] == [None] * 10


@pytest.mark.parametrize("result", ODD_RESULTS, ids=lambda result: repr(result)[:30])
@pytest.mark.parametrize("exercise", EXERCISES)
def test_odd_results_get_a_hint(exercise: str, result: Any) -> None:
    hint = run_check(exercise, lambda *_args, **_options: copy.deepcopy(result)).hint
    assert all(hint_text(exercise, hint.name, language, hint.values) for language in LANGUAGES)


@pytest.mark.parametrize("seed", range(20))
def test_every_kind_of_tampering_is_in_each_case(seed: int) -> None:
    *telling, sound = find_check("verify_manifest").cases(seed)
    assert not any(expected_names(sound).values())
    for case in telling:
        assert all(expected_names(case).values())


def test_a_file_outside_is_never_opened() -> None:
    """The file that a manifest points to outside the folder has just the right digest."""
    check = find_check("verify_manifest")
    opened: list[str] = []

    def sha256_of(path: Path) -> str:
        opened.append(str(path))
        return ""

    solution = run_answer(REFERENCE["verify_manifest"])
    solution.__globals__["sha256_of"] = sha256_of
    for case in check.cases(4):
        observe_answer(check, solution, case)
    assert opened
    assert not any(".." in Path(path).parts or "secret" in path for path in opened)
