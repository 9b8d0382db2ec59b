"""Running a class with nbgrader: release, autograde, feedback, grades."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from gradekit.collect import submitted_file, submitted_students
from gradekit.course import COURSE_VARIABLE, GRADING, CourseError, course_root, deadline, on_path
from gradekit.notebooks import load_lesson, notebook_text, source_notebook
from gradekit.reading import damage_of
from gradekit.recording import open_gradebook


@dataclass(frozen=True)
class Grade:
    """A student's result in a lesson.

    Attributes:
        student: the student's id.
        points: points reached before the late penalty.
        penalty: points lost for being late.
        out_of: points that can be reached.
        remark: why there is no grade, or "".
    """

    student: str
    points: float
    penalty: float
    out_of: float
    remark: str = ""

    @property
    def score(self) -> float:
        return round(max(0.0, self.points - self.penalty), 2)


def release(lesson: str) -> Path:
    """Write nbgrader's source notebook, generate the release version, and set the deadline.

    Returns:
        the released notebook.
    """
    path = course_root() / "source" / lesson / f"{lesson}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook_text(source_notebook(load_lesson(lesson))), encoding="utf-8")
    with open_gradebook():
        pass  # made by one process alone, which nbgrader's own commands do not see to
    run_nbgrader("generate_assignment", lesson, "--force")
    with open_gradebook() as gradebook:
        gradebook.update_or_create_assignment(lesson, duedate=deadline(lesson))
    return course_root() / "release" / lesson / f"{lesson}.ipynb"


def autograde_plainly(lesson: str) -> None:
    """Grade with nbgrader alone, as `nbgrader autograde` does: no sandbox, no repair, serially.

    For comparisons; notebooks run with one's own rights, next to the hidden cases.
    """
    run_nbgrader("autograde", lesson, "--force")


def feedback(lesson: str) -> Path:
    """Write each student's feedback page; return the folder that holds them."""
    run_nbgrader("generate_feedback", lesson, "--force")
    return course_root() / "feedback"


def grades(lesson: str) -> list[Grade]:
    """Return the results of every student whose submission has been collected.

    Raises:
        CourseError: the lesson has not been released.
    """
    damaged = damaged_submissions(lesson)
    with open_gradebook() as gradebook:
        try:
            out_of = gradebook.find_assignment(lesson).max_score
        except MissingEntry:
            raise CourseError(f"{lesson} is not in the gradebook; release it first") from None
        return [
            _grade(gradebook, lesson, student, out_of, damaged.get(student, ""))
            for student in submitted_students(lesson)
        ]


def released_lessons() -> list[str]:
    """Return the lessons that are in the gradebook.

    Raises:
        CourseError: there is none.
    """
    with open_gradebook() as gradebook:
        names = sorted(assignment.name for assignment in gradebook.assignments)
    if not names:
        raise CourseError("nothing has been released; run `make release LESSON=02`")
    return names


def breakdowns(lesson: str) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the points of each graded cell: student -> grade id -> (points, points to reach)."""
    with open_gradebook() as gradebook:
        return {
            notebook.student.id: {g.name: (g.score, g.max_score) for g in notebook.grades}
            for notebook in gradebook.notebook_submissions(lesson, lesson)
        }


def write_grades(results: list[Grade], path: Path) -> None:
    """Write results as CSV: student, points, penalty, score, out_of, remark."""
    from gradekit.exports import write_rows

    rows = [(g.student, g.points, g.penalty, g.score, g.out_of, g.remark) for g in results]
    write_rows([("student", "points", "penalty", "score", "out_of", "remark"), *rows], path)


def damaged_submissions(lesson: str) -> dict[str, str]:
    """Return the collected submissions that are no notebooks: student -> what is wrong."""
    found = {
        student: damage_of(submitted_file(student, lesson).read_bytes())
        for student in submitted_students(lesson)
    }
    return {student: damage for student, damage in found.items() if damage}


def run_nbgrader(command: str, lesson: str, *options: str, may_fail: bool = False) -> str:
    """Run an nbgrader command on a lesson; its log is added to a file.

    Returns:
        "" if it succeeded, else the last line of its log.

    Raises:
        CourseError: it failed and may not.
    """
    log = course_root() / "logs" / f"{command}_{lesson}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = [sys.executable, "-m", "nbgrader", command, lesson, *options]
    with log.open("a", encoding="utf-8") as file:
        code = subprocess.run(
            arguments, cwd=GRADING, env=environment(), stdout=file, stderr=subprocess.STDOUT
        ).returncode
    if code == 0:
        return ""
    lines = log.read_text(encoding="utf-8").strip().splitlines()
    trouble = f"nbgrader {command} failed: {lines[-1] if lines else 'no output'} (log: {log})"
    if not may_fail:
        raise CourseError(trouble)
    return trouble


def environment() -> dict[str, str]:
    """Return the environment for nbgrader's commands."""
    path = on_path(os.environ.get("PATH", ""))
    return {**os.environ, "PATH": path, COURSE_VARIABLE: str(course_root())}


def _grade(gradebook: Gradebook, lesson: str, student: str, out_of: float, damage: str) -> Grade:
    try:
        submission = gradebook.find_submission(lesson, student)
    except MissingEntry:
        return Grade(student, 0.0, 0.0, out_of, damage or "not graded")
    penalty = submission.late_submission_penalty or 0.0
    return Grade(student, submission.score, penalty, out_of, damage)
