"""The answer bank: right and wrong answers that prove the checks, and fill the sample class."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gradekit.course import ANSWERS, CourseError, import_lines, source_file
from gradekit.sources import read_lesson, solved_source

INTENDED_HINT = re.compile(r"# hint: (\w+)\n")


@dataclass(frozen=True)
class Answer:
    """One answer of the bank.

    Attributes:
        lesson: the lesson's name.
        exercise: the exercise it answers.
        name: the file's name without suffix, such as "wrong_padding_counted".
        source: its code, without the line that names the hint.
        hint: the hint a wrong answer must get; None for a right answer.
    """

    lesson: str
    exercise: str
    name: str
    source: str
    hint: str | None


def answers_of(lesson: str) -> list[Answer]:
    """Return a lesson's answers: the reference solution of each exercise first.

    Raises:
        CourseError: a wrong answer names no hint, or a right one names one.
    """
    folder = ANSWERS / lesson
    found = []
    for cell in read_lesson(source_file(lesson)).cells:
        if cell.exercise:
            found.append(Answer(lesson, cell.exercise, "reference", solved_source(cell), None))
            paths = sorted((folder / cell.exercise).glob("*.py"))
            found += [_read_answer(lesson, cell.exercise, path) for path in paths]
    return found


def run_answer(answer: Answer) -> Any:
    """Execute an answer as a student's cell, after the cells before it; return its object."""
    names = dict(_names_before(answer.lesson))
    exec(compile(answer.source, f"<{answer.exercise}/{answer.name}>", "exec"), names)
    return names[answer.exercise]


@cache
def _names_before(lesson: str) -> dict[str, Any]:
    """Return what a notebook's namespace holds: the lesson's imports and reference solutions."""
    names: dict[str, Any] = {}
    exec("\n".join(import_lines(lesson)), names)
    for cell in read_lesson(source_file(lesson)).cells:
        if cell.exercise:
            exec(solved_source(cell), names)
    return names


def _read_answer(lesson: str, exercise: str, path: Path) -> Answer:
    text = path.read_text(encoding="utf-8")
    match = INTENDED_HINT.match(text)
    if path.stem.startswith("wrong_") != bool(match):
        raise CourseError(f"{path}: wrong answers start with `# hint: NAME`, right ones do not")
    source = text[match.end() :] if match else text
    return Answer(lesson, exercise, path.stem, source, match[1] if match else None)
