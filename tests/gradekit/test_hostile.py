"""The hostile class: graded once, beside an honest submission; no trick gains or disturbs anything.

A process can always compute what a right answer would, and then it is one. What must not work is
to score without that: by a made-up observation, a replaced function, a forged line.
"""

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from gradekit import classroom, course
from gradekit.grading import Summary, autograded_file, grade_class
from gradekit.hostile import (
    CRAFTED,
    HOSTILE,
    Trick,
    crafted_submissions,
    honest_submission,
    hostile_submission,
    tricks_of,
)
from gradekit.jobs import Job, Outcome, Setting
from gradekit.judging import seeds_for
from gradekit.keys import hidden_seed, quiz_key
from gradekit.nurseries import close_nurseries
from gradekit.recording import open_gradebook
from gradekit.repair import released_cells, repair
from gradekit.results import Result
from gradekit.worker import run_job
from lessonkit.paths import ROOT

pytestmark = pytest.mark.alone
LESSON = "02_feature_extraction"
TRICKS = {trick.name: trick for trick in tricks_of(LESSON)}
# Tricks on single exercises of other lessons.
OTHERS = {
    (folder.name, trick.name): trick
    for folder in sorted(HOSTILE.iterdir())
    if folder.name != LESSON
    for trick in tricks_of(folder.name)
}
MOST_MINUTES = 20
LIMITS = {
    "cell_seconds": 10.0,  # an honest cell takes a tenth of that on quiet cores
    "notebook_seconds": 40.0,
    "memory": 1_000_000_000,
    "processes": 16,
    "output_bytes": 2_000_000,
    "file_bytes": 100_000_000,
}
HONEST = "zz-honest"  # graded last, with everything that the others may have left behind
MARK = "hostile-was-here"  # in the name of each file that a trick writes
# Words that a trick prints where it got what it wanted.
SUCCESS = ("READ ", "WROTE ", "CONNECTED", "GOT ", "MADE ", "NOTE FOUND", "OTHERS ")
CANARIES = {
    place: f"canary-{place}-7c1f5e0a"
    for place in ("home", "gradebook", "submission", "environment", "key")
}


@dataclass
class Class:
    """The class after grading.

    Attributes:
        results: student -> result.
        outputs: student -> text of the outputs of the graded notebook.
        seconds: wall time of all.
        left: command lines of sandboxed processes that still ran afterwards.
        folder: the course's folder.
    """

    results: dict[str, Result]
    outputs: dict[str, str]
    seconds: float
    left: list[str]
    folder: Path


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    root = tmp_path_factory.mktemp("hostile")
    patch = pytest.MonkeyPatch()
    folder, home = root / "course", root / "home"
    _use_course(patch, root)
    home.mkdir()
    for name in (".secret", "secret"):
        (home / name).write_text(CANARIES["home"])
    patch.setenv("HOME", str(home))
    patch.setenv("GRADER_TOKEN", CANARIES["environment"])
    (root / "t").mkdir()
    patch.setattr(tempfile, "tempdir", str(root / "t"))
    classroom.release(LESSON)
    with open_gradebook() as gradebook:
        gradebook.update_or_create_student("ana", first_name=CANARIES["gradebook"])
    names = {"COURSE": str(folder), "REPOSITORY": str(ROOT), "HOME": str(home)}
    submissions = {n: hostile_submission(LESSON, trick, names) for n, trick in TRICKS.items()}
    submissions |= crafted_submissions(LESSON)
    submissions[HONEST] = honest_submission(LESSON)
    for student, content in submissions.items():
        _hand_in(folder, student, content)
    (folder / "submitted" / HONEST / LESSON / "key.txt").write_text(CANARIES["submission"])
    (folder / "key.txt").write_text(CANARIES["key"])
    begin = time.monotonic()
    summary = grade_class(LESSON, Setting(limits=LIMITS), workers=2, show_progress=False)
    seconds = time.monotonic() - begin
    close_nurseries()
    yield Class(
        _by_student(summary), _outputs(submissions), seconds, _sandboxed(str(root / "t")), folder
    )
    patch.undo()


def _use_course(patch: pytest.MonkeyPatch, root: Path) -> None:
    """Let every module of gradekit work in a course of its own."""
    patch.setenv(course.COURSE_VARIABLE, str(root / "course"))
    assert course.gradebook_url().startswith(f"sqlite:///{root}")


def _hand_in(folder: Path, student: str, content: bytes) -> None:
    path = folder / "submitted" / student / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    (path.parent / "timestamp.txt").write_text("2026-10-01 12:00:00\n")


def _by_student(summary: Summary) -> dict[str, Result]:
    return {result.student: result for result in summary.results}


def _outputs(submissions: dict[str, bytes]) -> dict[str, str]:
    found = {}
    for student in submissions:
        path = autograded_file(student, LESSON)
        if not path.is_file():
            continue
        cells = nbformat.read(path, as_version=4).cells
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        texts = [output.get("text", "") for output in outputs]
        texts += [str(output.get("evalue", "")) for output in outputs]
        texts += [json.dumps(output.get("data", {})) for output in outputs]
        found[student] = "\n".join(texts)
    return found


def _sandboxed(nurseries: str) -> list[str]:
    """Return the processes that see a folder of one of these nurseries: those in its sandboxes."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if nurseries in (path / "mountinfo").read_text():
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


@pytest.mark.lesson
def test_an_honest_submission_among_them_has_its_full_score(graded: Class) -> None:
    result = graded.results[HONEST]
    assert result.incidents == ()
    cut_away = "a set-up cell: the cell was missing; put back as released"
    assert set(result.repairs) <= {cut_away}  # the class's notebooks are short ones
    assert result.points == result.out_of == 20


@pytest.mark.lesson
@pytest.mark.parametrize("name", [*TRICKS, *CRAFTED])
def test_no_trick_gains_a_point(graded: Class, name: str) -> None:
    result = graded.results[name]
    assert {mark.grade_id: mark.points for mark in result.marks if mark.points} == {}
    assert result.out_of == 20
    names = {g.grade_id for g in released_cells(LESSON) if g.kind != "exercise"}
    assert {mark.grade_id for mark in result.marks} == names


@pytest.mark.lesson
@pytest.mark.parametrize("name", TRICKS)
def test_each_trick_is_named_in_the_report(graded: Class, name: str) -> None:
    trick, result = TRICKS[name], graded.results[name]
    kinds = {incident.kind for incident in result.incidents}
    kinds |= {"mended"} if result.repairs else set()
    assert not trick.reported or kinds & trick.reported, (kinds, result.incidents)
    if trick.detail:
        assert any(trick.detail in incident.detail for incident in result.incidents)


@pytest.mark.lesson
@pytest.mark.parametrize("name", [*TRICKS, *CRAFTED])
def test_no_trick_sees_or_gets_what_it_should_not(graded: Class, name: str) -> None:
    secrets = list(CANARIES.values())
    secrets += [str(hidden_seed(g.subject)) for g in released_cells(LESSON) if g.kind == "check"]
    secrets += [q["why"][q["correct"]]["en"] for q in quiz_key(LESSON).values()]
    outputs = graded.outputs.get(name, "")
    text = outputs + graded.results[name].to_json()
    assert [secret for secret in secrets if secret in text] == []
    assert [word for word in SUCCESS if word in outputs] == []


@pytest.mark.lesson
def test_no_script_reaches_the_graded_notebooks(graded: Class) -> None:
    for name in ("html_output", "file_outputs_of_a_pass", "custom_display"):
        assert "<script" not in graded.outputs[name]
        assert "onerror" not in graded.outputs[name]


@pytest.mark.lesson
def test_no_process_is_left(graded: Class) -> None:
    assert graded.left == []


@pytest.mark.lesson
def test_nothing_is_written_outside(graded: Class) -> None:
    places = [
        Path("/"),
        Path("/tmp"),
        Path("/var/tmp"),
        Path("/dev/shm"),
        Path("/dev"),
        Path("/etc"),
    ]
    places += [ROOT, ROOT / "src", ROOT / "data", Path.home(), Path(sys.prefix), Path("/root")]
    found = [p for place in places if os.access(place, os.R_OK) for p in place.glob(f"{MARK}*")]
    found += list(graded.folder.parent.rglob(f"*{MARK}*"))
    assert found == []


@pytest.mark.lesson
def test_the_class_takes_a_bounded_time(graded: Class) -> None:
    assert graded.seconds < 60 * MOST_MINUTES


@pytest.mark.lesson
@pytest.mark.parametrize(("lesson", "name"), OTHERS)
def test_no_trick_on_another_lessons_exercise_gains_a_point(lesson: str, name: str) -> None:
    trick = OTHERS[lesson, name]
    released = released_cells(lesson)
    content = hostile_submission(lesson, trick, {})
    notebook = nbformat.writes(repair(content, released).notebook)
    job = Job(name, lesson, notebook, seeds_for(released, content), "en")
    outcome = Outcome.from_json(run_job(job.to_json(), Setting().to_json()))
    assert {mark.grade_id: mark.points for mark in outcome.marks if mark.points} == {}
    tried = next(mark for mark in outcome.marks if mark.grade_id == f"check-{_exercise(trick)}")
    assert tried.hint not in (None, "not_implemented", "not_run")
    kinds = {incident.kind for incident in outcome.incidents}
    assert not trick.reported or kinds & trick.reported, (kinds, outcome.incidents)


def _exercise(trick: Trick) -> str:
    return trick.place.removeprefix("exercise-")


def test_there_are_tricks_enough_and_each_file_has_a_header() -> None:
    assert len(TRICKS) + len(CRAFTED) >= 45
    assert len(list((HOSTILE / LESSON).glob("*.py"))) == len(TRICKS)
    assert all(trick.sentence and trick.source for trick in TRICKS.values())
