"""Grading a class: what changed is run on workers, judged there, and written here by one process.

Killed at any moment and started again, it ends with the gradebook of an undisturbed run: a
submission's result is on disk before its gradebook entry, and counts as long as nothing that it
depends on has changed.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from tqdm import tqdm

import lessonkit.checks
from gradekit.collect import handed_in, submitted_file, submitted_students
from gradekit.course import COURSE_ROOT, CourseError
from gradekit.distribution import Distribution
from gradekit.jobs import Job, Outcome, Setting
from gradekit.judging import mark_question, seeds_for
from gradekit.keys import hidden_seed, quiz_key
from gradekit.preprocessors import answer_in
from gradekit.recording import forget, open_gradebook, record
from gradekit.repair import (
    GradedCell,
    Repaired,
    UnreadableError,
    grade_id_of,
    released_cells,
    repair,
)
from gradekit.results import Incident, Mark, Result, load_result, save_result, write_atomically

LANGUAGE = re.compile(r"begin\(.*language\s*=\s*[\"'](en|ru)[\"']")


@dataclass
class Submission:
    """A submission on its way through grading."""

    student: str
    lesson: str
    content: bytes
    handed_in: str
    fingerprint: str
    repaired: Repaired | None = None


@dataclass
class Summary:
    """What a grading run did.

    Attributes:
        run: students whose notebook was executed.
        kept: students whose earlier result still counted.
        results: every student's result.
    """

    run: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """What an instructor should look at, a line each."""
        return [
            f"{result.student}: {text}"
            for result in self.results
            for text in (
                *(f"mended: {line}" for line in result.repairs),
                *(f"{incident.kind}: {incident.detail}" for incident in result.incidents),
            )
        ]


def grade_class(
    lesson: str,
    setting: Setting,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    show_progress: bool = True,
) -> Summary:
    """Grade every collected submission of a lesson.

    Args:
        lesson: the lesson's name.
        setting: how notebooks are run.
        scheduler: address of a Dask scheduler; None starts workers on this machine.
        workers: how many of those; None for one a core.
        show_progress: draw a progress bar with rate and time left.

    Raises:
        CourseError: the lesson has not been released or nothing has been collected.
        SandboxError: no sandbox can be made.
    """
    students = _students_of(lesson)
    summary = Summary()
    with open_gradebook() as gradebook:
        pending = []
        for student in students:
            submission = _read(student, lesson, setting)
            result = load_result(student, lesson)
            if result is None or result.fingerprint != submission.fingerprint:
                pending.append(submission)
                continue
            _record(gradebook, result)
            summary.kept.append(student)
            summary.results.append(result)
        for result in _run(pending, setting, scheduler, workers, show_progress):
            save_result(result)
            _record(gradebook, result)
            summary.run.append(result.student)
            summary.results.append(result)
    summary.results.sort(key=lambda result: result.student)
    return summary


def autograded_file(student: str, lesson: str) -> Path:
    """Return where formgrader and feedback look for a graded notebook."""
    return COURSE_ROOT / "autograded" / student / lesson / f"{lesson}.ipynb"


def _students_of(lesson: str) -> list[str]:
    if not (COURSE_ROOT / "release" / lesson).is_dir():
        raise CourseError(f"{lesson} has not been released; run `make release LESSON={lesson[:2]}`")
    students = submitted_students(lesson)
    if not students:
        raise CourseError(
            f"no submission of {lesson} has been collected; run "
            f"`make collect LESSON={lesson[:2]} FROM=folder-with-submissions`"
        )
    return students


def _read(student: str, lesson: str, setting: Setting) -> Submission:
    content = submitted_file(student, lesson).read_bytes()
    when = handed_in(student, lesson)
    digest = hashlib.sha256(_course_digest(lesson) + setting.to_json().encode())
    digest.update(hashlib.sha256(content).digest() + when.encode())
    return Submission(student, lesson, content, when, digest.hexdigest())


@cache
def _course_digest(lesson: str) -> bytes:
    """Return a digest of what a lesson's grades depend on beside the submission."""
    released = released_cells(lesson)
    digest = hashlib.sha256()
    for graded in released:
        digest.update(json.dumps([graded.source, graded.metadata], sort_keys=True).encode())
        if graded.kind == "check":
            digest.update(str(hidden_seed(graded.subject)).encode())
    digest.update(json.dumps(quiz_key(lesson), sort_keys=True).encode())
    for path in sorted(Path(lessonkit.checks.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


def _run(
    pending: list[Submission],
    setting: Setting,
    scheduler: str | None,
    workers: int | None,
    show_progress: bool,
) -> Iterator[Result]:
    """Execute submissions and yield their results as they come; the unreadable ones first."""
    runnable: list[Submission] = []
    for submission in pending:
        try:
            submission.repaired = repair(submission.content, released_cells(submission.lesson))
            runnable.append(submission)
        except UnreadableError as error:
            yield _unreadable(submission, str(error))
    if not runnable:
        return
    by_student = {submission.student: submission for submission in runnable}
    bar = tqdm(total=len(runnable), unit="notebook", disable=not show_progress, smoothing=0.1)
    with Distribution(setting, scheduler, workers) as distribution, bar:
        for student, answer in distribution.run(_jobs(runnable)):
            submission = by_student.pop(student)
            yield _finished(submission, answer)
            submission.repaired = None
            bar.update()


def _jobs(submissions: Iterable[Submission]) -> Iterator[Job]:
    for submission in submissions:
        yield Job(
            submission.student,
            submission.lesson,
            nbformat.writes(submission.repaired.notebook),
            seeds_for(released_cells(submission.lesson), submission.content),
            language_of(submission.repaired),
        )


def language_of(repaired: Repaired) -> str:
    """Return the language that a notebook's set-up cell chooses."""
    sources = (cell.source for cell in repaired.notebook.cells if cell.cell_type == "code")
    found = (LANGUAGE.search(source) for source in sources)
    return next((match[1] for match in found if match), "en")


def _finished(submission: Submission, answer: Outcome | Exception) -> Result:
    """Join what a worker found with what the notebook's text says; write the graded notebook."""
    if isinstance(answer, Exception):
        notebook = nbformat.writes(submission.repaired.notebook)
        incident = Incident("worker", f"ended the process that graded it: {answer}"[:200])
        answer = Outcome(notebook, (), (incident,))
    released = released_cells(submission.lesson)
    sources = _sources(submission.repaired)
    path = autograded_file(submission.student, submission.lesson)
    write_atomically(path, answer.notebook)
    write_atomically(path.parent / "timestamp.txt", submission.handed_in + "\n")
    return Result(
        submission.student,
        submission.lesson,
        submission.fingerprint,
        submission.handed_in,
        tuple(_marks(released, answer.marks, sources, submission)),
        (*submission.repaired.repairs, *_odd_answers(released, sources)),
        answer.incidents,
        answer.cell_seconds,
        answer.seconds,
        answer.peak_memory,
        {g.subject: sources[g.grade_id] for g in released if g.kind == "exercise"},
        language_of(submission.repaired),
    )


def _marks(
    released: tuple[GradedCell, ...],
    judged: tuple[Mark, ...],
    sources: dict[str, str],
    submission: Submission,
) -> Iterator[Mark]:
    checks = {mark.grade_id: mark for mark in judged}
    for graded in released:
        if graded.kind == "quiz":
            yield mark_question(graded, sources.get(graded.grade_id, ""), submission.lesson)
        elif graded.kind == "check":
            points = float(graded.metadata["nbgrader"]["points"])
            yield checks.get(graded.grade_id) or Mark(graded.grade_id, 0.0, points, "not_run")


def _odd_answers(released: tuple[GradedCell, ...], sources: dict[str, str]) -> Iterator[str]:
    """Yield a line for each question whose cell says something, but no plain letter."""
    for graded in released:
        source = sources.get(graded.grade_id, graded.source)
        changed = graded.kind == "quiz" and source.strip() != graded.source.strip()
        if changed and answer_in(source, int(graded.subject)) not in (*"ABCDEF", ""):
            yield f"{graded.grade_id}: holds no plain letter as its answer; counted as none"


def _sources(repaired: Repaired) -> dict[str, str]:
    return {grade_id_of(c): c.source for c in repaired.notebook.cells if grade_id_of(c)}


def _unreadable(submission: Submission, reason: str) -> Result:
    path = autograded_file(submission.student, submission.lesson)
    path.unlink(missing_ok=True)
    marks = tuple(
        Mark(graded.grade_id, 0.0, float(graded.metadata["nbgrader"]["points"]))
        for graded in released_cells(submission.lesson)
        if graded.kind != "exercise"
    )
    return Result(
        submission.student,
        submission.lesson,
        submission.fingerprint,
        submission.handed_in,
        marks,
        incidents=(Incident("unreadable", reason),),
    )


def _record(gradebook: Gradebook, result: Result) -> None:
    if result.unreadable:
        forget(gradebook, result.student, result.lesson)
    else:
        record(gradebook, result)
