"""Lesson 05's checks beyond the bank: seeds, hints, odd results, forged observations."""

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from gradekit.answers import Answer, answers_of, run_answer
from lessonkit.checks import find_check, run_check
from lessonkit.checks.core import judge_seen, observe_answer
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


@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_forged_observation_stops_the_judge(exercise: str) -> None:
    """A submission may send anything in place of what was seen."""
    check, junk = find_check(exercise), random.Random(0)
    solution = run_answer(REFERENCE[exercise])
    for case in check.cases(7):
        seen = observe_answer(check, solution, case)
        assert judge_seen(check, seen, case) is None
        for key in seen:
            forgeries = [{name: value for name, value in seen.items() if name != key}]
            forgeries += [{**seen, key: value} for value in forged(junk)]
            if isinstance(seen[key], dict):
                inside = [(name, value) for name in seen[key] for value in forged(junk)]
                forgeries += [{**seen, key: {**seen[key], n: value}} for n, value in inside]
            if isinstance(seen[key], list) and seen[key]:
                forgeries += [{**seen, key: [value, *seen[key][1:]]} for value in forged(junk)]
            for forgery in forgeries:
                hint = judge_seen(check, forgery, case)
                if hint is not None:
                    assert hint_text(exercise, hint.name, "en", hint.values)


def forged(junk: random.Random) -> list[Any]:
    return [None, True, -1, 1e300, float("nan"), "x", [], [1, None], {}, {"a": [2]}, ["A", "B"],
            torch.zeros(0), torch.tensor(float("nan")), torch.randn(3, 4),
            {"text": 3, "label": "x", "kind": None}, [[{}]], [junk.random()]]  # fmt: skip


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_empty_observation_gets_a_hint(exercise: str) -> None:
    check = find_check(exercise)
    assert all(judge_seen(check, {}, case) is not None for case in check.cases(3))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_constant_passes(exercise: str) -> None:
    """What is right for one seed's cases is wrong for another's."""
    check, solution = find_check(exercise), run_answer(REFERENCE[exercise])
    remembered = [observe_answer(check, solution, case) for case in check.cases(1)]
    hints = [
        judge_seen(check, seen, case) for seen, case in zip(remembered, check.cases(2), strict=True)
    ]
    assert any(hints)


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
