"""Every answer of the bank gets from the sandbox what plain nbgrader's check cell gives."""

import json
from collections.abc import Iterator
from itertools import zip_longest

import pytest

from gradekit.answers import Answer, answers_of, run_answer
from gradekit.course import lesson_names
from gradekit.jobs import Job, Outcome, Setting
from gradekit.judging import seeds_for
from gradekit.nurseries import close_nurseries
from gradekit.repair import released_cells, released_code
from gradekit.worker import run_job
from lessonkit.checks import run_check
from tests.gradekit.submissions import Raw, answered

LESSONS = lesson_names()


@pytest.fixture(scope="module", autouse=True)
def _nurseries() -> Iterator[None]:
    yield
    close_nurseries()


def batches(lesson: str) -> list[dict[str, Answer]]:
    """Return the bank as few classes' worth: exercise -> one answer, until all have been given."""
    bank: dict[str, list[Answer]] = {}
    for answer in answers_of(lesson):
        bank.setdefault(answer.exercise, []).append(answer)
    rows = zip_longest(*bank.values())
    return [{answer.exercise: answer for answer in row if answer} for row in rows]


def notebook_with(lesson: str, chosen: dict[str, Answer]) -> Raw:
    """Return a notebook of imports, exercises and checks alone.

    Behind each check the reference solution follows, which later exercises may need.
    """
    notebook = answered(lesson)
    needed = {cell_id for code in released_code(lesson) if code.needed for cell_id in code.ids}
    cells = []
    for cell in notebook["cells"]:
        kind, _, exercise = cell["id"].partition("-")
        if cell["id"] in needed or kind == "exercise":
            cells.append(cell)
        elif kind == "check":
            answer = cells.pop()
            reference = {**answer, "id": f"reference-{exercise}", "metadata": {}}
            if exercise in chosen:
                answer = {**answer, "source": chosen[exercise].source}
            cells += [answer, cell, reference]
    return {**notebook, "cells": cells}


@pytest.mark.lesson
@pytest.mark.parametrize("lesson", LESSONS)
def test_sandbox_and_plain_check_agree_on_every_answer(lesson: str) -> None:
    seeds = seeds_for(released_cells(lesson), lesson.encode())
    differences = []
    for number, chosen in enumerate(batches(lesson)):
        text = json.dumps(notebook_with(lesson, chosen))
        job = Job(f"student-{number}", lesson, text, seeds, "en")
        outcome = Outcome.from_json(run_job(job.to_json(), Setting().to_json()))
        marks = {mark.grade_id.partition("-")[2]: mark for mark in outcome.marks}
        for exercise, answer in chosen.items():
            hint = run_check(exercise, run_answer(answer), seeds[exercise]).hint
            mark, share = marks[exercise], hint.credit if hint else 1.0
            found, expected = (
                (mark.hint, mark.points),
                (hint.name if hint else None, share * mark.out_of),
            )
            if found != expected:
                differences.append(f"{exercise}/{answer.name}: {found}, plainly {expected}")
    assert differences == []
