"""Grades in the forms that learning platforms import.

Canvas: columns Student, ID, SIS User ID, SIS Login ID, Section, then one column an assignment, and
a row "Points Possible" below the header. This is what Canvas' own importer looks for
(github.com/instructure/canvas-lms, lib/gradebook_importer.rb): a student is found by ID, then SIS
User ID, then SIS Login ID, then name; an assignment by its title; an empty cell is no grade.

Moodle: one identifying column (e-mail address, username or ID number), then grade and feedback of
each lesson; columns are mapped when the file is uploaded, and a grade must be mapped together with
its feedback (docs.moodle.org, "Grade import", note 3; grade/import/csv/classes/load_data.php: an
empty cell is no grade).

`grading/roster.csv` says who is who: a column `student` with the ids of the submissions, and any of
`name`, `email`, `username`, `idnumber`, `canvas_id`, `sis_id`, `login`, `section`. Without it, the
student's id stands for all of them.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradekit.classroom import Grade, breakdowns, grades
from gradekit.course import GRADING, CourseError

ROSTER = GRADING / "roster.csv"
MOODLE_NAMES = {"email": "Email address", "username": "Username", "idnumber": "ID number"}
FORMULA = re.compile(r"^\s*[=+\-@|%]|^[\t\r\n]")

Roster = Mapping[str, Mapping[str, str]]  # student -> column -> value


@dataclass(frozen=True)
class Graded:
    """A student's grade in one lesson, with the points of each graded cell.

    Attributes:
        grade: the grade.
        parts: grade id -> (points, points that can be reached).
    """

    grade: Grade
    parts: Mapping[str, tuple[float, float]]


Results = Mapping[str, Mapping[str, Graded]]  # lesson -> student -> grade


def collect_grades(lessons: Sequence[str]) -> Results:
    """Return the grades of lessons from the gradebook.

    Raises:
        CourseError: one of them has not been released.
    """
    results = {}
    for lesson in lessons:
        found = grades(lesson)  # says what is wrong if the lesson has not been released
        parts = breakdowns(lesson)
        results[lesson] = {g.student: Graded(g, parts.get(g.student, {})) for g in found}
    return results


def read_roster(path: Path | None = None) -> Roster:
    """Read the roster; an empty one if there is no file.

    Raises:
        CourseError: it has no column `student`, or a student occurs twice.
    """
    path = path or ROSTER
    if not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    roster: dict[str, dict[str, str]] = {}
    for row in rows:
        entry = {name.strip(): (value or "").strip() for name, value in row.items() if name}
        if "student" not in entry:
            raise CourseError(f"{path} needs a column `student`")
        if entry["student"] in roster:
            raise CourseError(f"{path}: {entry['student']!r} occurs twice")
        roster[entry["student"]] = entry
    return roster


def canvas_rows(results: Results, roster: Roster) -> list[list[str]]:
    """Return Canvas' gradebook file, row by row."""
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *results]
    possible = ["    Points Possible", "", "", "", "", *map(_out_of, results.values())]
    rows = [header, possible]
    for student in _students(results):
        known = roster.get(student, {})
        who = [
            known.get("name") or student,
            known.get("canvas_id", ""),
            known.get("sis_id", ""),
            known.get("login") or student,
            known.get("section", ""),
        ]
        rows.append([*who, *(_score(found.get(student)) for found in results.values())])
    return rows


def moodle_rows(results: Results, roster: Roster) -> list[list[str]]:
    """Return Moodle's grade file, row by row; the student is named by the best that all have."""
    students = _students(results)
    column = next(
        (name for name in MOODLE_NAMES if all(roster.get(s, {}).get(name) for s in students)),
        None,
    )
    header = [MOODLE_NAMES[column] if column else "ID number"]
    for lesson in results:
        header += [lesson, f"{lesson} feedback"]
    rows = [header]
    for student in students:
        row = [roster[student][column] if column else student]
        for found in results.values():
            row += [_score(found.get(student)), _feedback(found.get(student))]
        rows.append(row)
    return rows


def write_rows(rows: Sequence[Sequence[object]], path: Path) -> None:
    """Write rows as CSV that no spreadsheet program takes for formulas."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[harmless(value) for value in row] for row in rows])


def harmless(value: object) -> object:
    """Return a cell's value; text that a spreadsheet would execute gets an apostrophe before it.

    See OWASP, "CSV Injection": cells that begin with =, +, -, @, a tab or a line break.
    """
    if not isinstance(value, str):
        return value
    return f"'{value}" if FORMULA.match(value) else value


def _students(results: Results) -> list[str]:
    return sorted({student for found in results.values() for student in found})


def _out_of(found: Mapping[str, Graded]) -> str:
    return _number(max((graded.grade.out_of for graded in found.values()), default=0.0))


def _score(graded: Graded | None) -> str:
    """Return a score; "", which is no grade, where there is none or somebody has to look."""
    return "" if graded is None or graded.grade.remark else _number(graded.grade.score)


def _feedback(graded: Graded | None) -> str:
    """Return what a student reads beside the grade: the points of each part."""
    if graded is None:
        return ""
    if graded.grade.remark:
        return graded.grade.remark
    parts = [
        f"{name.removeprefix('check-')} {_number(points)}/{_number(out_of)}"
        for name, (points, out_of) in graded.parts.items()
    ]
    if graded.grade.penalty:
        parts.append(f"late: {_number(graded.grade.penalty)} points lost")
    return "; ".join(parts)


def _number(value: float) -> str:
    return f"{round(value, 2):g}"
