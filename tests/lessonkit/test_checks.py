"""Checks against the answer bank: right answers pass, wrong ones get the hint for their mistake."""

from numbers import Number
from typing import Any

import pytest
import torch

from gradekit.answers import Answer, answers_of, run_answer
from gradekit.course import lesson_names
from gradekit.keys import hidden_seed
from lessonkit import check
from lessonkit.checks import CheckFailed, find_check, observe_answer, run_check
from lessonkit.checks.core import IN_CLASS_SEED
from lessonkit.messages import LANGUAGES, _hints, hint_text

BANK = [answer for lesson in lesson_names() for answer in answers_of(lesson)]
OTHER_SEEDS = (1, 20261123)


def identify(answer: Answer) -> str:
    return f"{answer.exercise}-{answer.name}"


@pytest.mark.parametrize("answer", BANK, ids=identify)
def test_answers_get_the_verdict_they_deserve(answer: Answer) -> None:
    for seed in (IN_CLASS_SEED, hidden_seed(answer.exercise), *OTHER_SEEDS):
        hint = run_check(answer.exercise, run_answer(answer), seed).hint
        assert (hint.name if hint else None) == answer.hint, f"seed {seed}: {hint}"
        if hint:
            texts = {hint_text(answer.exercise, hint.name, lang, hint.values) for lang in LANGUAGES}
            assert len(texts) == len(LANGUAGES)


@pytest.mark.parametrize("exercise", sorted({answer.exercise for answer in BANK}))
def test_the_bank_has_enough_answers(exercise: str) -> None:
    right = [a for a in BANK if a.exercise == exercise and a.hint is None]
    wrong = [a for a in BANK if a.exercise == exercise and a.hint is not None]
    assert len(right) >= 2  # the reference and one written differently
    assert len(wrong) >= 3
    assert len({a.hint for a in wrong}) >= 2


# Lesson 02's bank has no answer for some of its hints about malformed results.
HINTED = sorted({a.exercise for a in BANK if not a.lesson.startswith("02")})


@pytest.mark.parametrize("exercise", HINTED)
def test_each_hint_is_given_to_a_wrong_answer(exercise: str) -> None:
    given = {answer.hint for answer in BANK if answer.exercise == exercise}
    assert set(_hints()[exercise]) == given - {None}


@pytest.mark.parametrize("answer", BANK, ids=identify)
def test_what_is_observed_is_plain_data(answer: Answer) -> None:
    exercise = find_check(answer.exercise)
    for case in exercise.cases(IN_CLASS_SEED):
        assert is_plain(case)
        assert is_plain(observe_answer(exercise, run_answer(answer), case))


def is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    if isinstance(value, torch.Tensor):
        return not value.requires_grad
    return value is None or isinstance(value, (str, Number))


def test_hidden_cases_differ_from_those_in_class() -> None:
    for exercise in {answer.exercise for answer in BANK}:
        assert hidden_seed(exercise) != IN_CLASS_SEED


def test_each_hint_stands_in_both_languages() -> None:
    for exercise, hints in _hints().items():
        for name, texts in hints.items():
            assert set(texts) == set(LANGUAGES), f"{exercise}.{name}"


def test_an_open_stub_is_recognised() -> None:
    def freeze(model: torch.nn.Module) -> torch.nn.Module:
        raise NotImplementedError()

    assert run_check("freeze", freeze).hint.name == "not_implemented"


def test_an_exception_names_the_students_line() -> None:
    def freeze(model: torch.nn.Module) -> torch.nn.Module:
        return model.no_such_thing

    hint = run_check("freeze", freeze).hint
    assert hint.name == "raised"
    assert hint.values["type"] == "AttributeError"
    assert hint.values["line"] == "return model.no_such_thing"


def test_what_an_answer_prints_does_not_reach_the_page(capsys: pytest.CaptureFixture) -> None:
    def freeze(model: torch.nn.Module) -> torch.nn.Module:
        import sys
        import warnings

        print("noise", file=sys.stderr)
        warnings.warn("more noise", stacklevel=1)
        return model.requires_grad_(False).eval()

    assert run_check("freeze", freeze).passed
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_in_class_a_failed_check_shows_a_card(capsys: pytest.CaptureFixture) -> None:
    check("freeze", lambda model: model)
    assert "requires_grad" in capsys.readouterr().out


def test_in_grading_a_failed_check_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(CheckFailed, match="requires_grad"):
        check("freeze", lambda model: model)


def test_an_unknown_exercise_is_an_error() -> None:
    with pytest.raises(LookupError, match="freeze"):
        find_check("melt")
