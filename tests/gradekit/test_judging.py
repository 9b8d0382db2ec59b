"""Judging what came out of a sandbox: forged data never raises and never scores."""

from typing import Any

import pytest
import torch

from gradekit.answers import answers_of, run_answer
from gradekit.course import lesson_names
from gradekit.execution import Execution, Observation
from gradekit.judging import TAMPERED, judge_check, mark_check, seeds_for
from gradekit.repair import GradedCell, released_cells
from gradekit.worker import verdict_output
from lessonkit import capstone
from lessonkit.checks import find_check, observe_answer

EXERCISES = [
    graded.subject
    for lesson in lesson_names()
    for graded in released_cells(lesson)
    if graded.kind == "check"
]
FORGED: list[Any] = [
    {},
    {"error": None},
    {"error": 5},
    {"error": {}},
    {"error": {"type": "NotImplementedError"}},
    {"error": {"type": [], "message": None, "line": {}}},
    {"returned": "module", "trainable": [], "parameters": ["a"], "training": []},
    {"returned": "module", "trainable": [], "parameters": [], "training": [], "weights": None},
    {"returned": "module", "same_weights": True, "weights": torch.zeros(3)},
    {"cls": 1, "pooler": None, "mean": "x"},
    {"made": "module", "encoder_found": True, "linear_heads": 1, "weight": 3},
    {"features": torch.tensor(float("nan")), "calls": [], "cached": 1},
    {"predicts": True, "bent": 0.0, "predictions": torch.zeros(0), "type": "x"},
]


def seen(*cases: Any, changed: tuple[str, ...] = ()) -> Observation:
    return Observation(list(cases), 0.1, changed)


@pytest.mark.parametrize("forged", FORGED, ids=repr)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_forged_data_never_raises_and_never_scores(exercise: str, forged: Any) -> None:
    for count in (0, 1, 2, 3, 50):
        assert judge_check(exercise, 7, seen(*[forged] * count)) is not None


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_answer_never_observed_scores_nothing(exercise: str) -> None:
    assert judge_check(exercise, 7, None).name == "not_run"


def right(exercise: str) -> tuple[Any, ...]:
    lesson = next(n for n in lesson_names() if any(a.exercise == exercise for a in answers_of(n)))
    answer = next(a for a in answers_of(lesson) if a.exercise == exercise)
    check, function = find_check(exercise), run_answer(answer)
    return tuple(observe_answer(check, function, case) for case in check.cases(7))


def test_right_data_scores_unless_something_was_replaced_or_left_out() -> None:
    cases = right("freeze")
    assert judge_check("freeze", 7, seen(*cases)) is None
    assert judge_check("freeze", 7, seen(*cases, changed=("torch.equal",))).name == TAMPERED
    assert judge_check("freeze", 7, seen(*cases[:1])).name == TAMPERED
    assert judge_check("freeze", 7, seen(*cases, *cases)).name == TAMPERED
    assert judge_check("freeze", 8, seen(*cases)) is not None


def test_an_interrupted_answer_is_judged_by_its_error() -> None:
    error = {"error": {"type": "KeyboardInterrupt", "message": "", "line": ""}}
    assert judge_check("freeze", 7, seen(right("freeze")[0], error)).name == "raised"


def test_each_submission_meets_cases_of_its_own() -> None:
    released = released_cells("02_feature_extraction")
    first, again, other = (seeds_for(released, content) for content in (b"a", b"a", b"b"))
    assert first == again
    assert not set(first.values()) & set(other.values())
    assert len(set(first.values())) == len(first)


def test_an_answer_that_is_right_in_part_earns_a_part() -> None:
    """The capstone's check gives credit for verdicts without reasons."""
    metadata = {"nbgrader": {"points": 5, "grade_id": "check-screen"}}
    graded = GradedCell("check-screen", "", metadata)
    items = capstone.plan(7)
    answers = [{"reasons": ["loaders", *item.reasons]} for item in items]
    for wanted, (place, reasons) in {
        5.0: (0, answers[0]["reasons"]),
        2.5: (next(p for p, i in enumerate(items) if not i.fine), []),
    }.items():
        given = [{"reasons": reasons} if p == place else a for p, a in enumerate(answers)]
        done = Execution({"check-screen": seen({"answers": given})})
        mark = mark_check(graded, {"screen": 7}, done)
        assert (mark.points, mark.out_of, mark.hint is None) == (wanted, 5.0, wanted == 5.0)
    shown = verdict_output(mark, "en")
    assert shown.output_type == "error"
    assert "50% of the points" in shown.evalue
