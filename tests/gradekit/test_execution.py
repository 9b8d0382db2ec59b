"""Honest submissions of every lesson run in the sandbox without a repair or an incident."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from gradekit.course import SAMPLE_CLASS, lesson_names
from gradekit.jobs import Job, Outcome, Setting
from gradekit.judging import seeds_for
from gradekit.nurseries import close_nurseries
from gradekit.repair import released_cells, repair
from gradekit.worker import run_job

pytestmark = pytest.mark.alone
HONEST = [
    (lesson, student)
    for lesson in lesson_names()
    for student in ("ana-whole", "boris-russian", "chen-partial")
    if (SAMPLE_CLASS / lesson / student).is_dir()
]


@pytest.fixture(scope="module", autouse=True)
def nurseries() -> Iterator[None]:
    yield
    close_nurseries()


@pytest.mark.lesson
@pytest.mark.parametrize(("lesson", "student"), HONEST)
def test_an_honest_submission_raises_no_alarm(lesson: str, student: str) -> None:
    path: Path = SAMPLE_CLASS / lesson / student / f"{lesson}.ipynb"
    content = path.read_bytes()
    repaired = repair(content, released_cells(lesson))
    assert repaired.repairs == []
    seeds = seeds_for(released_cells(lesson), content)
    job = Job(student, lesson, nbformat.writes(repaired.notebook), seeds, "en")
    outcome = Outcome.from_json(run_job(job.to_json(), Setting().to_json()))
    assert outcome.incidents == ()
    assert outcome.cell_seconds
    if student != "chen-partial":
        assert [mark for mark in outcome.marks if mark.points < mark.out_of] == []
