"""Judging what came out of a sandbox: forged data never raises and never scores."""

from typing import Any

import pytest
import safetensors.torch
import torch

from gradekit.answers import answers_of, run_answer
from gradekit.course import lesson_names
from gradekit.execution import Execution, Observation
from gradekit.judging import TAMPERED, mark_checks, seeds_for
from gradekit.repair import GradedCell, released_cells
from gradekit.results import Mark
from gradekit.sandbox.inside import judge
from gradekit.sandbox.inside.judge import judge_check, judge_message
from gradekit.sandbox.inside.wire import encode, pack
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


class NurseryHere:
    """A nursery whose judge is this process, and ends over what `deadly` is part of."""

    def __init__(self, deadly: bytes = b"no message holds this") -> None:
        self.deadly = deadly

    def judge(self, answers: list[tuple[str, int, bytes]]) -> dict[str, Any] | None:
        if any(self.deadly in message for _, _, message in answers):
            return None
        return {"hints": judge.plain([judge_message(*answer) for answer in answers]), "seconds": 1}


def seen(*cases: Any, changed: tuple[str, ...] = ()) -> Observation:
    """Return what the guard sends of cases."""
    coded, tensors = encode(list(cases))
    return Observation(pack({"observations": coded}, tensors, safetensors.torch.save), 0.1, changed)


def mark(exercise: str, seed: int, observed: Observation | None, **nursery: Any) -> Mark:
    return marks({exercise: (seed, observed)}, **nursery)[0]


def marks(
    answers: dict[str, tuple[int, Observation | None]],
    done: Execution | None = None,
    **nursery: Any,
) -> list[Mark]:
    done = done or Execution()
    done.observations = {f"check-{name}": o for name, (_, o) in answers.items() if o is not None}
    graded = [
        GradedCell(f"check-{name}", "", {"nbgrader": {"points": 5, "grade_id": f"check-{name}"}})
        for name in answers
    ]
    seeds = {name: seed for name, (seed, _) in answers.items()}
    return mark_checks(graded, seeds, done, NurseryHere(**nursery))


@pytest.mark.parametrize("forged", FORGED, ids=repr)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_forged_data_never_raises_and_never_scores(exercise: str, forged: Any) -> None:
    for count in (0, 1, 2, 3, 50):
        assert judge_check(exercise, 7, [forged] * count) is not None


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_answer_never_observed_scores_nothing(exercise: str) -> None:
    assert (mark(exercise, 7, None).points, mark(exercise, 7, None).hint) == (0.0, "not_run")


def right(exercise: str) -> tuple[Any, ...]:
    lesson = next(n for n in lesson_names() if any(a.exercise == exercise for a in answers_of(n)))
    answer = next(a for a in answers_of(lesson) if a.exercise == exercise)
    check, function = find_check(exercise), run_answer(answer)
    return tuple(observe_answer(check, function, case) for case in check.cases(7))


def test_right_data_scores_unless_something_was_replaced_or_left_out() -> None:
    cases = right("freeze")
    assert mark("freeze", 7, seen(*cases)).points == 5
    assert mark("freeze", 7, seen(*cases, changed=("torch.equal",))).hint == TAMPERED
    assert mark("freeze", 7, seen(*cases[:1])).hint == TAMPERED
    assert mark("freeze", 7, seen(*cases, *cases)).hint == TAMPERED
    assert mark("freeze", 8, seen(*cases)).points == 0


def test_observations_that_cannot_be_right_are_named() -> None:
    done = Execution()
    assert marks({"freeze": (7, seen({"weights": 5}))}, done)[0].points == 0
    assert [incident.kind for incident in done.incidents] == ["tampering"]
    assert "check-freeze" in done.incidents[0].detail


@pytest.mark.parametrize(
    "message",
    [b"", b"\0\0\0\xffcut off", pack({}, {}, bytes), pack({"observations": 5}, {}, bytes)],
)
def test_a_message_of_another_form_scores_nothing(message: bytes) -> None:
    assert mark("freeze", 7, Observation(message, 0.1, ())).hint == TAMPERED


def test_what_ends_its_judge_costs_its_own_exercise_alone() -> None:
    answers = {"freeze": (7, seen(*right("freeze"))), "pool": (7, seen({"cls": "kill me"}))}
    freeze, pool = marks(answers, deadly=b"kill me")
    assert freeze.points == 5
    assert (pool.points, pool.hint) == (0, TAMPERED)


def test_an_interrupted_answer_is_judged_by_its_error() -> None:
    error = {"error": {"type": "KeyboardInterrupt", "message": "", "line": ""}}
    assert judge_check("freeze", 7, [right("freeze")[0], error]).name == "raised"


def test_each_submission_meets_cases_of_its_own() -> None:
    released = released_cells("02_feature_extraction")
    first, again, other = (seeds_for(released, content) for content in (b"a", b"a", b"b"))
    assert first == again
    assert not set(first.values()) & set(other.values())
    assert len(set(first.values())) == len(first)


def test_an_answer_that_is_right_in_part_earns_a_part() -> None:
    """The capstone's check gives credit for verdicts without reasons."""
    items = capstone.plan(7)
    answers = [{"reasons": ["loaders", *item.reasons]} for item in items]
    for wanted, (place, reasons) in {
        5.0: (0, answers[0]["reasons"]),
        2.5: (next(p for p, i in enumerate(items) if not i.fine), []),
    }.items():
        given = [{"reasons": reasons} if p == place else a for p, a in enumerate(answers)]
        found = mark("screen", 7, seen({"answers": given}))
        assert (found.points, found.out_of, found.hint is None) == (wanted, 5.0, wanted == 5.0)
    shown = verdict_output(found, "en")
    assert shown.output_type == "error"
    assert "50% of the points" in shown.evalue
