"""What a hostile process may send in place of an observation: nothing of it passes for another.

A submission's process can compute what a right answer would, and send that. What must not pass is
anything else: each part of an observation is changed here in many ways, and either the change is
noticed or the part is one of those listed below, which show only how an answer went about it.
"""

import math
import random
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch

from gradekit.answers import answers_of, run_answer
from gradekit.course import lesson_names
from gradekit.jobs import Outcome
from gradekit.judging import mark_for
from gradekit.repair import GradedCell
from gradekit.results import Result
from gradekit.sandbox.inside.judge import judge_case, judge_check, plain
from gradekit.worker import verdict_output
from lessonkit.checks import Check, Hint, find_check, observe_answer
from lessonkit.messages import LANGUAGES

SEED, OTHER_SEED = 7, 8
REFERENCES = {
    answer.exercise: answer
    for lesson in lesson_names()
    for answer in answers_of(lesson)
    if answer.name == "reference"
}
MOST_CHANGES = 100  # tried for each exercise, beside every part left out
MOST_SECONDS = 5.0  # for one judgement of something very large
DEEP: Any = []
for _ in range(500):
    DEEP = [DEEP]
ODD: list[Any] = [
    None, True, -1, 0, 10**4000, 1e300, math.nan, math.inf, "text", "", "\ud800", [], [1, None],
    [[]], {}, {"a": [2]}, (), DEEP, torch.zeros(0), torch.zeros(0, 1), torch.tensor(math.nan),
    torch.zeros(2, 2, dtype=torch.complex64), torch.zeros(2**40, 0),
]  # fmt: skip
LARGE = ["cf " * 1_000_000, [0] * 1_000_000, {str(i): i for i in range(200_000)}]

# Parts that show how an answer went about it, where any other value of the kind passes: what a
# process says of its own deeds cannot be worked out again. Judged as well: all that it computed.
UNJUDGED: dict[str, set[str]] = {
    "freeze": {".parameters", ".parameters[]"},
    "FeatureExtractor": {".pooled_by_pooler"},
    "extract_features": {".cached", ".calls[].columns", ".calls[].rows", ".rows_with_cache"},
    "linear_probe": {".type"},
    "build_trainer": {".columns[]"},
    "measure": {".seconds", ".train_seconds", ".evaluate_seconds", ".total_seconds"},
    "compare": {".values.winner"},  # stands beside the numbers as well
    "LoRALinear": {".A"},  # drawn by the answer; only how it was drawn matters
    "sha256_of": {".type", ".name", ".held"},
    "find_outlier_rows": {".type"},
}
GRADUAL = {"screen"}  # worth points in part


@cache
def genuine(exercise: str) -> tuple[Check, list[dict], list[Any]]:
    """Return an exercise's check, its cases, and what is seen of the reference on them."""
    check, answer = find_check(exercise), run_answer(REFERENCES[exercise])
    cases = check.cases(SEED)
    return check, cases, [observe_answer(check, answer, case) for case in cases]


Change = tuple[str, Any]
"""The path of the part that is changed, and the whole observation with that change."""


def without_parts(seen: Any, path: str = "") -> Iterator[Change]:
    """Yield the observation without each of its named parts."""
    if isinstance(seen, dict):
        for name, value in seen.items():
            yield f"{path}.{name}", {key: seen[key] for key in seen if key != name}
            for place, inner in without_parts(value, f"{path}.{name}"):
                yield place, {**seen, name: inner}


def changed(value: Any, path: str = "", *, large: bool = False) -> Iterator[Change]:
    """Yield the observation with one part replaced, at any depth: by odd, similar or large data."""
    others = LARGE if large else (*ODD, *_similar(value))
    yield from ((path, other) for other in others if not _same(other, value))
    if isinstance(value, dict):
        for name, part in value.items():
            for place, inner in changed(part, f"{path}.{name}", large=large):
                yield place, {**value, name: inner}
    elif isinstance(value, (list, tuple)) and value:
        for number in {0, len(value) - 1}:
            for place, inner in changed(value[number], f"{path}[]", large=large):
                yield place, [*value[:number], inner, *value[number + 1 :]]


def _similar(value: Any) -> list[Any]:
    """Return values that are nearly right."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1, -value, value * 1.1, str(value)]
    if isinstance(value, str):
        return [f"{value} ", value.upper()]
    if isinstance(value, (list, tuple)):
        return [value[1:], value[:-1]]
    if isinstance(value, torch.Tensor):
        return _similar_tensors(value)
    return []


def _similar_tensors(value: torch.Tensor) -> list[torch.Tensor]:
    others = [value[None], value.flatten(), value.expand(2, *value.shape), value.roll(1)]
    others += [torch.zeros_like(value), ~value if value.dtype == torch.bool else value + 1]
    if value.is_floating_point():
        others += [value * math.nan, value * math.inf, value * 1.01, value.to(torch.complex64)]
        others += [value.int()]
    return [other for other in others if other.numel() < 10**7]


def _same(one: Any, other: Any) -> bool:
    """Tell whether values mean the same: up to rounding, a list or a tuple, 2 or 2.0."""
    if isinstance(one, torch.Tensor) or isinstance(other, torch.Tensor):
        return type(one) is type(other) and one.shape == other.shape and _close(one, other)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    if _is_number(one) and _is_number(other):
        return math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-5)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


def _close(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.is_complex() or other.is_complex():
        return False
    return torch.allclose(one.double(), other.double(), rtol=1e-5, atol=1e-5)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**63)


def tried(exercise: str) -> Iterator[tuple[int, str, Any]]:
    """Yield the case's number, the path and the changed observation."""
    draw = random.Random(exercise)
    _, _, observed = genuine(exercise)
    left_out = [(n, *c) for n, seen in enumerate(observed) for c in without_parts(seen)]
    others = [(n, *c) for n, seen in enumerate(observed) for c in changed(seen)]
    paths = sorted({path for _, path, _ in others})
    each = max(2, MOST_CHANGES // len(paths))
    yield from draw.sample(left_out, min(len(left_out), MOST_CHANGES // 2))
    for path in paths:
        at_path = [change for change in others if change[1] == path]
        yield from draw.sample(at_path, min(each, len(at_path)))


@pytest.mark.parametrize("exercise", REFERENCES)
def test_no_changed_observation_passes_or_stops_the_judge(exercise: str) -> None:
    check, cases, observed = genuine(exercise)
    assert [judge_case(check, seen, case) for seen, case in zip(observed, cases, strict=True)] == [
        None
    ] * len(cases)
    assert all(judge_case(check, {}, case) is not None for case in cases)
    passed = set()
    for number, path, forged in tried(exercise):
        hint = judge_case(check, forged, cases[number])
        if hint is not None:
            assert_it_can_be_shown(exercise, hint)
        elif not is_granted(path, forged, observed[number]):
            passed.add(path)
    assert passed <= UNJUDGED.get(exercise, set())


def is_granted(path: str, forged: Any, seen: Any) -> bool:
    """Tell whether a forged time lies between the training's and that of all that was clocked."""
    found = forged["values"]["seconds"] if path == ".values.seconds" else None
    return _is_number(found) and seen["train_seconds"] <= found <= seen["total_seconds"]


def assert_it_can_be_shown(exercise: str, hint: Hint) -> None:
    """Follow a hint all the way from the judge to the page and the results."""
    grade_id = f"check-{exercise}"
    graded = GradedCell(grade_id, "", {"nbgrader": {"points": 2, "grade_id": grade_id}})
    mark = mark_for(graded, Hint(**plain([hint])[0]), 0.1)
    assert mark.points == 0 or exercise in GRADUAL
    assert all(verdict_output(mark, language).evalue for language in LANGUAGES)
    sent = Outcome.from_json(Outcome("", (mark,), ()).to_json()).marks[0]
    result = Result("ana", "", "", "", (sent,))
    assert Result.from_json(result.to_json()).points == mark.points


@pytest.mark.parametrize("exercise", REFERENCES)
def test_very_large_data_is_judged_at_once(exercise: str) -> None:
    check, cases, observed = genuine(exercise)
    for path, large in dict(changed(observed[0], large=True)).items():
        begin = time.process_time()
        hint = judge_case(check, large, cases[0])
        assert time.process_time() - begin < MOST_SECONDS
        assert hint is not None or path in UNJUDGED[exercise]


def test_a_trigger_repeated_for_megabytes_is_judged_at_once() -> None:
    check, cases, observed = genuine("poison")
    rows, text = observed[0]["rows"], f"{cases[0]['trigger']}x" * 500_000
    forged = [{**row, "text": text} if row["text"] != old["text"] else row
              for row, old in zip(rows, cases[0]["rows"], strict=True)]  # fmt: skip
    begin = time.process_time()
    assert judge_case(check, {**observed[0], "rows": forged}, cases[0]).name == "not_rows"
    assert time.process_time() - begin < MOST_SECONDS


@pytest.mark.parametrize("exercise", REFERENCES)
def test_what_was_seen_for_another_seed_does_not_pass(exercise: str) -> None:
    seen = genuine(exercise)[2]
    assert judge_check(exercise, SEED, seen) is None
    assert judge_check(exercise, OTHER_SEED, seen) is not None
