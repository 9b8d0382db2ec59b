"""Writing results into nbgrader's gradebook: one writer, one transaction a submission."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from filelock import FileLock
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    InvalidEntry,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    get_alembic_version,
)
from nbgrader.utils import parse_utc
from sqlalchemy import URL, create_engine, inspect, make_url, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from gradekit.course import CourseError, course_root, gradebook_url, on_path, settings
from gradekit.keys import quiz_key
from gradekit.late import late_penalty
from gradekit.preprocessors import explanation
from gradekit.repair import GradedCell, released_cells
from gradekit.results import Result

MAKING_GRADEBOOK = 0x6772616465  # an advisory lock's key
TRIALS = 5
NO_RESPONSE = "No response."  # what nbgrader says of a cell that was left as released


@contextmanager
def open_gradebook() -> Iterator[Gradebook]:
    """Open the course's gradebook, made first by one process alone if there is none yet.

    It is the database that `GRADEBOOK_URL` names, else a file in the course's folder.

    Raises:
        CourseError: the database cannot be opened.
    """
    os.environ["PATH"] = on_path(os.environ.get("PATH", ""))  # nbgrader calls `alembic`
    course_root().mkdir(parents=True, exist_ok=True)
    try:
        with _alone(make_url(gradebook_url())):
            gradebook = Gradebook(gradebook_url(), settings()["course_id"])
            _stamp(gradebook)
    except (SQLAlchemyError, ImportError) as error:
        raise CourseError(f"the gradebook cannot be opened: {_reason(error)}") from error
    try:
        yield gradebook
    finally:
        gradebook.close()


@contextmanager
def _alone(url: URL) -> Iterator[None]:
    """Keep other processes from making the same gradebook: on this machine, or on its server."""
    with FileLock(course_root() / "gradebook.lock"):
        if url.get_backend_name() != "postgresql":
            yield
            return
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MAKING_GRADEBOOK})
                yield  # closing the connection gives the lock back
        finally:
            engine.dispose()


def _stamp(gradebook: Gradebook) -> None:
    """Note the version of the tables where a process was killed before nbgrader did."""
    session = gradebook.db
    if not inspect(gradebook.engine).has_table("alembic_version"):
        session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    if session.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 0:
        version = {"version": get_alembic_version()}
        session.execute(
            text("INSERT INTO alembic_version (version_num) VALUES (:version)"), version
        )
    session.commit()


def record(gradebook: Gradebook, result: Result) -> bool:
    """Make a submission's entry say what its result says; tell whether anything changed.

    Scores that a person gave stay; where the automatic score beside one changes, the entry asks
    for another look, as nbgrader does.

    Raises:
        MissingEntry: the lesson has not been released.
        CourseError: the gradebook cannot be written; its entry is as it was.
    """
    with _writing(result.student):
        for _ in range(TRIALS - 1):
            with suppress(IntegrityError, StaleDataError):  # another grader made the same entry
                return _record(gradebook, result)
        return _record(gradebook, result)


def _record(gradebook: Gradebook, result: Result) -> bool:
    session = gradebook.db
    try:
        assignment = gradebook.find_assignment(result.lesson)
        with session.no_autoflush:
            submission = _submission(gradebook, assignment, result)
            for notebook in submission.notebooks:
                _fill_in(notebook, result)
                _penalise(submission, notebook)
            changed = bool(session.new) or any(map(session.is_modified, session.dirty))
        session.commit()
        session.expunge_all()  # a class's entries are not kept in memory
    except BaseException:
        session.rollback()
        raise
    return changed


@contextmanager
def _writing(student: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, InvalidEntry) as error:
        raise CourseError(
            f"the gradebook's entry of {student} cannot be written: {_reason(error)}; what was "
            "graded before is kept"
        ) from error


def _reason(error: Exception) -> str:
    """Return the first line of what a database says."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def forget(gradebook: Gradebook, student: str, lesson: str) -> None:
    """Remove a submission's entry, where a later one that cannot be graded has replaced it.

    Raises:
        CourseError: the gradebook cannot be written.
    """
    with _writing(student), suppress(MissingEntry):
        gradebook.update_or_create_student(student)
        gradebook.remove_submission(lesson, student)


def _submission(
    gradebook: Gradebook, assignment: Assignment, result: Result
) -> SubmittedAssignment:
    """Return the submission's entry, made with everything below it if there is none."""
    session = gradebook.db
    student = session.get(Student, result.student)
    if student is None:
        student = Student(id=result.student)
        session.add(student)
    query = session.query(SubmittedAssignment).filter_by(
        assignment_id=assignment.id, student_id=result.student
    )
    submission = query.one_or_none()
    if submission is None:
        submission = SubmittedAssignment(assignment=assignment, student=student)
        session.add(submission)
    _complete(session, submission, assignment)
    when = parse_utc(result.handed_in) if result.handed_in else None
    if submission.timestamp != when:
        submission.timestamp = when
    return submission


def _complete(session: Session, submission: SubmittedAssignment, assignment: Assignment) -> None:
    """Add what a submission's entry lacks: all of it, or cells of a later release."""
    entries = {entry.notebook_id: entry for entry in submission.notebooks}
    for notebook in assignment.notebooks:
        entry = entries.get(notebook.id)
        if entry is None:
            entry = SubmittedNotebook(notebook=notebook, assignment=submission)
            session.add(entry)
        graded = {grade.cell_id for grade in entry.grades}
        commented = {comment.cell_id for comment in entry.comments}
        session.add_all(
            [
                *(
                    Grade(cell_id=cell.id, cell=cell, notebook=entry)
                    for cell in notebook.grade_cells
                    if cell.id not in graded
                ),
                *(
                    Comment(cell_id=cell.id, cell=cell, notebook=entry)
                    for cell in notebook.solution_cells
                    if cell.id not in commented
                ),
            ]
        )


def _fill_in(notebook: SubmittedNotebook, result: Result) -> None:
    """Set the scores and comments that differ."""
    marks = {mark.grade_id: mark for mark in result.marks}
    released = {graded.grade_id: graded for graded in released_cells(result.lesson)}
    for grade in notebook.grades:
        mark = marks.get(grade.cell.name)
        points = mark.points if mark else 0.0
        if grade.auto_score != points:
            grade.auto_score = points
            grade.needs_manual_grade = grade.manual_score is not None
        elif grade.needs_manual_grade and grade.manual_score is None:
            grade.needs_manual_grade = False
    for comment in notebook.comments:
        text = _comment(released.get(comment.cell.name), result)
        if comment.auto_comment != text:
            comment.auto_comment = text


def _comment(graded: GradedCell | None, result: Result) -> str | None:
    """Return what nbgrader notes at a cell that students fill in."""
    if graded is None:
        return None
    if graded.kind == "quiz":
        letters = {mark.grade_id: mark.answer for mark in result.marks}
        return explanation(
            quiz_key(result.lesson)[int(graded.subject)], letters.get(graded.grade_id)
        )
    source = result.sources.get(graded.subject)
    return NO_RESPONSE if source is None or source == graded.source else None


def _penalise(submission: SubmittedAssignment, notebook: SubmittedNotebook) -> None:
    late = submission.total_seconds_late
    score = sum(_score(grade) for grade in notebook.grades)
    penalty = late_penalty(score, late, **settings()["late"]) if late > 0 else None
    if notebook.late_submission_penalty != penalty:
        notebook.late_submission_penalty = penalty


def _score(grade: Grade) -> float:
    """Return a grade's score as nbgrader counts it; its own column is only known after a commit."""
    own = grade.manual_score if grade.manual_score is not None else grade.auto_score
    return (own or 0.0) + (grade.extra_credit or 0.0)
