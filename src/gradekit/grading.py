"""Grading a class: what changed is run on workers, judged there, and written here by one process.

Killed at any moment and started again, it ends with the gradebook of an undisturbed run: a
submission's result is on disk before its gradebook entry, and counts as long as nothing that it
depends on has changed.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat
from filelock import FileLock
from nbgrader.api import Gradebook
from tqdm import tqdm

import lessonkit.checks
from gradekit.collect import handed_in, submitted_file, submitted_students
from gradekit.course import CourseError, course_root
from gradekit.distribution import Distribution, LostWorkerError
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
    released_code,
    repair,
)
from gradekit.results import Incident, Mark, Result, load_result, save_result, write_atomically
from lessonkit.checks.core import LESSON_MODULES

LANGUAGE = re.compile(r"begin\(.*language\s*=\s*[\"'](en|ru)[\"']")


@dataclass
class Submission:
    """A submission on its way through grading."""

    student: str
    lesson: str
    content: bytes
    handed_in: str
    fingerprint: str


@dataclass
class Summary:
    """What a grading run did.

    Attributes:
        lesson: the lesson's name.
        run: students whose notebook was executed, or could not be.
        kept: students whose earlier result still counted.
    """

    lesson: str
    run: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def results(self) -> list[Result]:
        """Every student's result, by student; read from its file."""
        found = (load_result(student, self.lesson) for student in sorted(self.run + self.kept))
        return [result for result in found if result is not None]

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

    A second process that grades the same lesson in the same folder waits for the first.

    Args:
        lesson: the lesson's name.
        setting: how notebooks are run.
        scheduler: address of a Dask scheduler; None starts workers on this machine.
        workers: how many of those; None for one a core.
        show_progress: draw a progress bar with rate and time left.

    Raises:
        CourseError: the lesson has not been released, nothing has been collected, or something
            cannot be written; what was graded until then is kept.
        SandboxError: no sandbox can be made.
    """
    students = _students_of(lesson)
    summary = Summary(lesson)
    with open_gradebook() as gradebook, FileLock(course_root() / f"{lesson}.lock"):
        pending = []
        for student in students:
            result = _earlier_result(_read(student, lesson, setting))
            if result is None:
                pending.append(student)
                continue
            _record(gradebook, result)
            summary.kept.append(student)
        for result in _run(lesson, pending, setting, scheduler, workers, show_progress):
            save_result(result)
            _record(gradebook, result)
            summary.run.append(result.student)
    return summary


def autograded_file(student: str, lesson: str) -> Path:
    """Return where formgrader and feedback look for a graded notebook."""
    return course_root() / "autograded" / student / lesson / f"{lesson}.ipynb"


def _students_of(lesson: str) -> list[str]:
    if not (course_root() / "release" / lesson).is_dir():
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


def _earlier_result(submission: Submission) -> Result | None:
    """Return the result that still counts for a submission, or None."""
    result = load_result(submission.student, submission.lesson)
    if result is None or result.fingerprint != submission.fingerprint:
        return None
    graded = autograded_file(submission.student, submission.lesson)
    return result if result.unreadable or graded.is_file() else None


@cache
def _course_digest(lesson: str) -> bytes:
    """Return a digest of what a lesson's grades depend on beside the submission."""
    digest = hashlib.sha256()
    for code in released_code(lesson):
        marks = code.graded.metadata if code.graded else None
        digest.update(json.dumps([code.sources, marks], sort_keys=True).encode())
        if code.graded and code.graded.kind == "check":
            digest.update(str(hidden_seed(code.graded.subject)).encode())
    digest.update(json.dumps(quiz_key(lesson), sort_keys=True).encode())
    for path in check_files(lesson):
        digest.update(path.read_bytes())
    return digest.digest()


def check_files(lesson: str) -> list[Path]:
    """Return the files of a lesson's checks, with what all checks share."""
    folder = Path(lessonkit.checks.__file__).parent
    places = {
        number: folder.joinpath(*module.split(".")[2:]) for number, module in LESSON_MODULES.items()
    }
    others = [place for number, place in places.items() if number != lesson[:2]]
    return sorted(
        path
        for path in folder.rglob("*.py")
        if not any(path == other.with_suffix(".py") or other in path.parents for other in others)
    )


def _run(
    lesson: str,
    pending: list[str],
    setting: Setting,
    scheduler: str | None,
    workers: int | None,
    show_progress: bool,
) -> Iterator[Result]:
    """Execute submissions and yield their results as they come; few are in memory at once."""
    if not pending:
        return
    waiting: dict[str, tuple[Submission, Repaired]] = {}
    unreadable: list[Result] = []
    look = {"unit": "notebook", "disable": not show_progress, "smoothing": 0.1}

    def jobs() -> Iterator[Job]:
        for student in pending:
            submission = _read(student, lesson, setting)
            try:
                repaired = repair(submission.content, released_code(lesson))
            except UnreadableError as error:
                unreadable.append(_unreadable(submission, str(error)))
                continue
            waiting[student] = submission, repaired
            yield _job(submission, repaired)

    with (
        Distribution(lesson, setting, scheduler, workers) as distribution,
        tqdm(total=len(pending), **look) as bar,
    ):
        for student, answer in distribution.run(jobs()):
            yield _finished(*waiting.pop(student), answer)
            bar.update()
            while unreadable:
                yield unreadable.pop()
                bar.update()
    yield from unreadable


def _job(submission: Submission, repaired: Repaired) -> Job:
    return Job(
        submission.student,
        submission.lesson,
        nbformat.writes(repaired.notebook),
        seeds_for(released_cells(submission.lesson), submission.content),
        language_of(repaired),
    )


def language_of(repaired: Repaired) -> str:
    """Return the language that a notebook's set-up cell chooses."""
    sources = (cell.source for cell in repaired.notebook.cells if cell.cell_type == "code")
    found = (LANGUAGE.search(source) for source in sources)
    return next((match[1] for match in found if match), "en")


def _finished(submission: Submission, repaired: Repaired, answer: Outcome | Exception) -> Result:
    """Join what a worker found with what the notebook's text says; write the graded notebook."""
    if isinstance(answer, Exception):
        answer = Outcome(nbformat.writes(repaired.notebook), (), (_failure(answer),))
    released = released_cells(submission.lesson)
    sources = _sources(repaired)
    path = autograded_file(submission.student, submission.lesson)
    write_atomically(path, answer.notebook)
    write_atomically(path.parent / "timestamp.txt", submission.handed_in + "\n")
    return Result(
        submission.student,
        submission.lesson,
        submission.fingerprint,
        submission.handed_in,
        tuple(_marks(released, answer.marks, sources, submission)),
        (*repaired.repairs, *_odd_answers(released, sources)),
        answer.incidents,
        answer.cell_seconds,
        answer.seconds,
        answer.peak_memory,
        answer.core_seconds,
        answer.added_seconds,
        {g.subject: sources[g.grade_id] for g in released if g.kind == "exercise"},
        language_of(repaired),
    )


def _failure(error: Exception) -> Incident:
    if isinstance(error, LostWorkerError):
        return Incident("worker", str(error))
    return Incident("worker", f"could not be graded ({type(error).__name__}: {error})"[:200])


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
