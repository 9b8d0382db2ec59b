"""A course of its own with a few graded submissions, made in seconds: no notebook is executed."""

from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.utils import parse_utc

from gradekit.course import COURSE_VARIABLE, course_root
from gradekit.recording import open_gradebook


def use_course(root: Path, patch: pytest.MonkeyPatch) -> Path:
    """Make gradekit work in `root/course` until the patch is undone; return that folder."""
    patch.setenv(COURSE_VARIABLE, str(root / "course"))
    return root / "course"


def record(
    student: str, lesson: str, notebook: NotebookNode, points: Mapping[str, float] | None = None
) -> None:
    """Put a submission into the course as if it had been graded.

    Args:
        student: the student's id.
        lesson: the lesson's name; it must have been released.
        notebook: the graded notebook.
        points: grade id -> points; all others get full points.
    """
    for step in ("submitted", "autograded"):
        path = course_root() / step / student / lesson / f"{lesson}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
        (path.parent / "timestamp.txt").write_text("2026-10-01 12:00:00\n")
    with open_gradebook() as gradebook:
        gradebook.update_or_create_student(student)
        submission = gradebook.update_or_create_submission(
            lesson, student, timestamp=parse_utc("2026-10-01 12:00:00")
        )
        for part in submission.notebooks:
            for grade in part.grades:
                grade.auto_score = (points or {}).get(grade.name, grade.max_score)
                grade.needs_manual_grade = False
        gradebook.db.commit()
