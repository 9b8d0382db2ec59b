"""A class, and a grader whose notebooks are answered at once, to try everything around them.

`run_head` is a head process: it grades a course of its own, and can be killed anywhere.
"""

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import distributed  # noqa: F401 - and what takes long to import

from gradekit.grading import grade_class
from gradekit.jobs import Setting
from gradekit.repair import released_code
from tests.gradekit import fake_worker
from tests.gradekit.fake_worker import SECONDS
from tests.gradekit.submissions import DAMAGES, LESSON, answered, as_bytes, damaged

WATCHED = tuple(f"{os.sep}gradekit{os.sep}{n}.py" for n in ("grading", "recording", "results"))

released_code(LESSON)  # a forked head has them already


def put_submission(course: Path, student: str, content: bytes, day: int = 10) -> None:
    """Write a submission as collecting does."""
    folder = course / "submitted" / student / LESSON
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{LESSON}.ipynb").write_bytes(content)
    (folder / "timestamp.txt").write_text(f"2026-10-{day:02} 12:00:00\n", encoding="utf-8")


def put_class(course: Path) -> list[str]:
    """Write twelve submissions: whole, late, damaged, and none at all."""
    answers = ["reference", "right_loop", "wrong_padding_counted", "wrong_sum"]
    bank = _answers_of_pool()
    for number in range(7):
        name = (answers + bank)[number % len(bank)]
        chosen = {"pool": name if name in bank else "reference"}
        letters = {4: "ABCD"[number % 4]}
        content = as_bytes(answered(answers=chosen, letters=letters))
        put_submission(course, f"student-{number}", content)
    put_submission(course, "late-one", as_bytes(answered()), day=13)
    put_submission(course, "late-two", as_bytes(answered(language="ru")), day=16)
    for name in list(DAMAGES)[:2]:
        put_submission(course, f"damaged-{name}", damaged(name, answered()))
    put_submission(course, "unreadable", as_bytes(answered())[:5000])
    return sorted(path.name for path in (course / "submitted").iterdir())


def _answers_of_pool() -> list[str]:
    from gradekit.answers import answers_of

    return [answer.name for answer in answers_of(LESSON) if answer.exercise == "pool"]


def run_head(environment: dict[str, str], setting: dict[str, Any], last_line: int | None) -> None:
    """Grade the class in this process.

    Args:
        environment: variables to set; `GRADEKIT_COURSE` and `FAKE_EXECUTIONS` among them.
        setting: arguments of the `Setting`.
        last_line: the process kills itself after so many lines of the grader's code.
    """
    _take_only(environment)
    os.environ.setdefault(SECONDS, "0.01")
    fake_worker.take_place()
    if last_line is not None:
        sys.settrace(_killer_after(last_line))
    grade_class(LESSON, Setting(**setting), workers=2, show_progress=False)


def count_lines(environment: dict[str, str], path: str) -> None:
    """Grade the class and write how many lines of the grader's code that took."""
    counted = [0]

    def trace(frame, event, _argument):
        if not frame.f_code.co_filename.endswith(WATCHED):
            return None
        counted[0] += event == "line"
        return trace

    _take_only(environment)
    fake_worker.take_place()
    sys.settrace(trace)
    grade_class(LESSON, Setting(), workers=2, show_progress=False)
    sys.settrace(None)
    Path(path).write_text(str(counted[0]), encoding="utf-8")


def _take_only(environment: dict[str, str]) -> None:
    """Set variables, without what another test had set when the fork server was started."""
    os.environ.pop("GRADEBOOK_URL", None)
    os.environ.update(environment)


def _killer_after(lines: int):
    left = [lines]

    def trace(frame, event, _argument):
        if not frame.f_code.co_filename.endswith(WATCHED):
            return None
        if event == "line":
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def executed(path: Path) -> list[str]:
    """Return the students whose notebooks were run, in order."""
    if not path.exists():
        return []
    return [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines()]


def gradebook_rows(rows_of: "Rows") -> dict[str, list[tuple]]:
    """Return every table of a gradebook with random ids replaced by what they stand for."""
    names = {row["id"]: row["name"] for row in rows_of("assignment")}
    names |= {row["id"]: f"notebook {row['name']}" for row in rows_of("notebook")}
    names |= {row["id"]: f"{row['type']} {row['name']}" for row in rows_of("base_cell")}
    for row in rows_of("submitted_assignment"):
        names[row["id"]] = f"{row['student_id']}'s {names[row['assignment_id']]}"
    for row in rows_of("submitted_notebook"):
        names[row["id"]] = f"{names[row['assignment_id']]} notebook"
    found = {}
    for table in TABLES:
        rows = [
            tuple(sorted((k, names.get(v, v)) for k, v in row.items() if k != "id" or v in names))
            for row in rows_of(table)
        ]
        found[table] = sorted(rows, key=str)
    return found


TABLES = (
    *("assignment", "notebook", "base_cell", "grade_cells", "solution_cells", "task_cells"),
    *("source_cell", "student", "submitted_assignment", "submitted_notebook", "grade"),
    *("comment", "course", "alembic_version"),
)


class Rows:
    """Rows of a SQLite gradebook, as dictionaries."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, table: str) -> list[dict[str, Any]]:
        with sqlite3.connect(self.path) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')]


def files_of(course: Path) -> dict[str, bytes]:
    """Return what grading wrote beside the gradebook."""
    return {
        str(path.relative_to(course)): path.read_bytes()
        for part in ("autograded", "results")
        for path in sorted((course / part).rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
