"""What grading found out about each submission, kept as one JSON file a submission.

`grading/course/results/LESSON/STUDENT.json` is written before the gradebook is, so that a run
that was killed goes on where it stopped, and the report needs nothing else.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gradekit.course import COURSE_ROOT, CourseError


@dataclass(frozen=True)
class Mark:
    """Points for one graded cell.

    Attributes:
        grade_id: nbgrader's name of the cell, such as "check-pool" or "quiz-4".
        points: points reached.
        out_of: points that can be reached.
        hint: name of the hint that a failed check gave; None if it passed or is a question.
        values: what the hint's text needs.
        answer: the letter given to a question; None for a check.
        seconds: time that the student's code took inside the check.
    """

    grade_id: str
    points: float
    out_of: float
    hint: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    answer: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Incident:
    """Something that an instructor should know about a submission.

    Attributes:
        kind: "timeout", "memory", "output", "processes", "died", "unreadable", "tampering",
            "network", "files", "worker".
        detail: one line for people.
        cell: index of the cell in the graded notebook; None if it is about all of it.
    """

    kind: str
    detail: str
    cell: int | None = None


@dataclass(frozen=True)
class Result:
    """All that is known about one graded submission.

    Attributes:
        student: the student's id.
        lesson: the lesson's name.
        fingerprint: digest of what the result depends on (submission, lesson, checks).
        handed_in: when, UTC, as `YYYY-MM-DD HH:MM:SS`; "" if unknown.
        marks: one for each graded cell, in the lesson's order.
        repairs: a line for each thing that was mended in the notebook.
        incidents: time-outs, tampering and the like.
        cell_seconds: seconds of each executed cell: index in the graded notebook -> seconds.
        seconds: wall time of the whole notebook.
        peak_memory: largest memory of the notebook's processes, bytes; 0 if it never ran.
        sources: exercise -> the student's code.
        language: "en" or "ru".
    """

    student: str
    lesson: str
    fingerprint: str
    handed_in: str
    marks: tuple[Mark, ...]
    repairs: tuple[str, ...] = ()
    incidents: tuple[Incident, ...] = ()
    cell_seconds: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0
    sources: dict[str, str] = field(default_factory=dict)
    language: str = "en"

    @property
    def points(self) -> float:
        return sum(mark.points for mark in self.marks)

    @property
    def out_of(self) -> float:
        return sum(mark.out_of for mark in self.marks)

    @property
    def unreadable(self) -> bool:
        """Whether what was handed in is no notebook at all."""
        return any(incident.kind == "unreadable" for incident in self.incidents)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @staticmethod
    def from_json(text: str) -> "Result":
        """Read a result.

        Raises:
            ValueError, TypeError, KeyError: the text is not a result.
        """
        raw = json.loads(text)
        raw["marks"] = tuple(Mark(**mark) for mark in raw["marks"])
        raw["incidents"] = tuple(Incident(**incident) for incident in raw["incidents"])
        raw["repairs"] = tuple(raw["repairs"])
        raw["cell_seconds"] = {int(i): seconds for i, seconds in raw["cell_seconds"].items()}
        return Result(**raw)


def result_file(student: str, lesson: str) -> Path:
    """Return where a submission's result is kept."""
    return COURSE_ROOT / "results" / lesson / f"{student}.json"


def save_result(result: Result) -> None:
    """Write a result so that a crash leaves the old file or the new one, never half of one."""
    write_atomically(result_file(result.student, result.lesson), result.to_json())


def load_result(student: str, lesson: str) -> Result | None:
    """Return a submission's result; None if there is none or its file cannot be read."""
    try:
        return Result.from_json(result_file(student, lesson).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def results_of(lesson: str) -> Iterator[Result]:
    """Yield the results of a lesson by student.

    Raises:
        CourseError: nothing of it has been graded.
    """
    files = sorted((COURSE_ROOT / "results" / lesson).glob("*.json"))
    if not files:
        raise CourseError(f"{lesson} has not been graded; run `make autograde LESSON={lesson[:2]}`")
    for path in files:
        if (result := load_result(path.stem, lesson)) is not None:
            yield result


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's text in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8", errors="replace") as file:  # lone surrogates
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
