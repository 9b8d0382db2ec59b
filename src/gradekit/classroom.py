"""Running a class with nbgrader: release, autograde, feedback, grades."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from gradekit.collect import damage_of, submitted_file, submitted_students
from gradekit.course import COURSE_ROOT, GRADING, CourseError, deadline, settings
from gradekit.notebooks import load_lesson, notebook_text, source_notebook

DATABASE = f"sqlite:///{COURSE_ROOT / 'gradebook.db'}"
LOGS = COURSE_ROOT / "logs"


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
    path = COURSE_ROOT / "source" / lesson / f"{lesson}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook_text(source_notebook(load_lesson(lesson))), encoding="utf-8")
    run_nbgrader("generate_assignment", lesson, "--force")
    with _gradebook() as gradebook:
        gradebook.update_or_create_assignment(lesson, duedate=deadline(lesson))
    return COURSE_ROOT / "release" / lesson / f"{lesson}.ipynb"


def autograde(lesson: str) -> list[str]:
    """Grade every collected submission; return a line for each that could not be graded.

    A submission that is no notebook is left out, so that it stops nobody else.

    Raises:
        CourseError: the lesson has not been released or nothing has been collected.
    """
    if not (COURSE_ROOT / "release" / lesson).is_dir():
        raise CourseError(f"{lesson} has not been released; run `make release LESSON={lesson[:2]}`")
    students = submitted_students(lesson)
    if not students:
        raise CourseError(
            f"no submission of {lesson} has been collected; run "
            f"`make collect LESSON={lesson[:2]} FROM=folder-with-submissions`"
        )
    damaged = damaged_submissions(lesson)
    failed = _autograde_past_failures([s for s in students if s not in damaged], lesson)
    for student in (*damaged, *failed):
        _forget_submission(student, lesson)
    log = LOGS / _log_name("autograde", lesson)
    problems = [f"{student}: {reason}" for student, reason in damaged.items()]
    return problems + [f"{student}: nbgrader could not grade it; see {log}" for student in failed]


def _autograde_past_failures(pending: list[str], lesson: str) -> list[str]:
    """Grade students in order; return those whose submission nbgrader could not grade.

    Some failures, such as a graded cell that occurs twice, end nbgrader's whole run: it is then
    started again for those after the one it stopped at.
    """
    pending, failed = sorted(pending, key=lambda student: f"{student}/"), []  # nbgrader's order
    (LOGS / _log_name("autograde", lesson)).unlink(missing_ok=True)
    for student in pending:
        shutil.rmtree(_autograded_file(student, lesson).parent, ignore_errors=True)
    while pending:
        left_out = ",".join(s for s in submitted_students(lesson) if s not in pending)
        options = [f"--CourseDirectory.student_id_exclude={left_out}"] if left_out else []
        run_nbgrader("autograde", lesson, "--force", *options, may_fail=True)
        ungraded = [s for s in pending if not _autograded_file(s, lesson).exists()]
        failed += ungraded[:1]
        pending = ungraded[1:]
    return failed


def feedback(lesson: str) -> Path:
    """Write each student's feedback page; return the folder that holds them."""
    run_nbgrader("generate_feedback", lesson, "--force")
    return COURSE_ROOT / "feedback"


def grades(lesson: str) -> list[Grade]:
    """Return the results of every student whose submission has been collected.

    Raises:
        CourseError: the lesson has not been released.
    """
    damaged = damaged_submissions(lesson)
    with _gradebook() as gradebook:
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
    with _gradebook() as gradebook:
        names = sorted(assignment.name for assignment in gradebook.assignments)
    if not names:
        raise CourseError("nothing has been released; run `make release LESSON=02`")
    return names


def breakdowns(lesson: str) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the points of each graded cell: student -> grade id -> (points, points to reach)."""
    with _gradebook() as gradebook:
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
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / _log_name(command, lesson)
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
    """Return the environment for nbgrader: it calls `alembic`, which must be on PATH."""
    folder, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if folder not in path.split(os.pathsep):
        path = os.pathsep.join([folder, path])
    return {**os.environ, "PATH": path}


def _gradebook() -> Gradebook:
    os.environ["PATH"] = environment()["PATH"]
    COURSE_ROOT.mkdir(parents=True, exist_ok=True)  # missing in a fresh checkout
    return Gradebook(DATABASE, settings()["course_id"])


def _grade(gradebook: Gradebook, lesson: str, student: str, out_of: float, damage: str) -> Grade:
    try:
        submission = gradebook.find_submission(lesson, student)
    except MissingEntry:
        return Grade(student, 0.0, 0.0, out_of, damage or "not graded")
    penalty = submission.late_submission_penalty or 0.0
    return Grade(student, submission.score, penalty, out_of, damage)


def _autograded_file(student: str, lesson: str) -> Path:
    """Return what nbgrader leaves for a graded submission, and removes for a failed one."""
    return COURSE_ROOT / "autograded" / student / lesson / f"{lesson}.ipynb"


def _forget_submission(student: str, lesson: str) -> None:
    """Remove the grade of an earlier submission that one which cannot be graded has replaced."""
    with _gradebook() as gradebook:
        gradebook.update_or_create_student(student)
        try:
            gradebook.remove_submission(lesson, student)
        except MissingEntry:
            return


def _log_name(command: str, lesson: str) -> str:
    return f"{command}_{lesson}.log"
