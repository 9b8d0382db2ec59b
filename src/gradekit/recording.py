"""Writing results into nbgrader's gradebook: one writer, one transaction a submission."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import parse_utc

from gradekit.course import COURSE_ROOT, gradebook_url, on_path, settings
from gradekit.keys import quiz_key
from gradekit.late import late_penalty
from gradekit.preprocessors import explanation
from gradekit.repair import GradedCell, released_cells
from gradekit.results import Result

NO_RESPONSE = "No response."  # what nbgrader says of a cell that was left as released


@contextmanager
def open_gradebook() -> Iterator[Gradebook]:
    """Open the course's gradebook, made first by one process alone if there is none yet.

    It is the database that `GRADEBOOK_URL` names, else a file in the course's folder.
    """
    os.environ["PATH"] = on_path(os.environ.get("PATH", ""))  # nbgrader calls `alembic`
    COURSE_ROOT.mkdir(parents=True, exist_ok=True)
    with FileLock(COURSE_ROOT / "gradebook.lock"):
        gradebook = Gradebook(gradebook_url(), settings()["course_id"])
    try:
        yield gradebook
    finally:
        gradebook.close()


def record(gradebook: Gradebook, result: Result) -> bool:
    """Make a submission's entry say what its result says; tell whether anything changed.

    Scores that a person gave stay; where the automatic score beside one changes, the entry asks
    for another look, as nbgrader does.

    Raises:
        MissingEntry: the lesson has not been released.
    """
    assignment = gradebook.find_assignment(result.lesson)
    session = gradebook.db
    try:
        with session.no_autoflush:
            submission = _submission(gradebook, assignment, result)
            for notebook in submission.notebooks:
                _fill_in(notebook, result)
                _penalise(submission, notebook)
            changed = bool(session.new) or any(map(session.is_modified, session.dirty))
        session.commit()
    except BaseException:
        session.rollback()
        raise
    return changed


def forget(gradebook: Gradebook, student: str, lesson: str) -> None:
    """Remove a submission's entry, where a later one that cannot be graded has replaced it."""
    gradebook.update_or_create_student(student)
    try:
        gradebook.remove_submission(lesson, student)
    except MissingEntry:
        return


def _submission(gradebook: Gradebook, assignment: object, result: Result) -> SubmittedAssignment:
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
        for notebook in assignment.notebooks:
            entry = SubmittedNotebook(notebook=notebook, assignment=submission)
            for cell in notebook.grade_cells:
                Grade(cell_id=cell.id, cell=cell, notebook=entry)
            for cell in notebook.solution_cells:
                Comment(cell_id=cell.id, cell=cell, notebook=entry)
        session.add(submission)
    when = parse_utc(result.handed_in) if result.handed_in else None
    if submission.timestamp != when:
        submission.timestamp = when
    return submission


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
