"""The course on disk: lessons, instructor's settings, nbgrader's folders."""

import os
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from lessonkit.paths import ROOT

GRADING = ROOT / "grading"
SOURCES = GRADING / "source"
ANSWERS = GRADING / "answers"
KEYS = GRADING / "keys"
SAMPLE_CLASS = GRADING / "sample_class"
NOTEBOOKS = ROOT / "notebooks"
COURSE_ROOT = GRADING / "course"  # where the course is kept, unless this variable names a folder:
COURSE_VARIABLE = "GRADEKIT_COURSE"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class CourseError(Exception):
    """Something about the course that a person has to put right; its text says what."""


def lesson_names() -> list[str]:
    """Return the lessons that have a source, such as "02_feature_extraction"."""
    return sorted(path.parent.name for path in SOURCES.glob("*/*.py"))


def lesson_name(number_or_name: str) -> str:
    """Return a lesson's name from its number ("02", "2") or its name.

    Raises:
        CourseError: there is no such lesson.
    """
    for name in lesson_names():
        if number_or_name in (name, name[:2], name[:2].lstrip("0")):
            return name
    raise CourseError(
        f"there is no lesson {number_or_name!r}; lessons: {', '.join(lesson_names()) or 'none'}"
    )


def source_file(lesson: str) -> Path:
    """Return the path of a lesson's master."""
    return SOURCES / lesson / f"{lesson}.py"


def import_lines(lesson: str) -> list[str]:
    """Return the imports of a lesson's master, in order."""
    return re.findall(r"(?m)^(?:import|from) .*$", source_file(lesson).read_text(encoding="utf-8"))


def course_root() -> Path:
    """Return the folder of nbgrader's working folders and gradebook, which is not in git.

    It is `grading/course`, or what the environment variable `GRADEKIT_COURSE` names.
    """
    return Path(os.environ.get(COURSE_VARIABLE) or COURSE_ROOT).absolute()


def gradebook_url() -> str:
    """Return the gradebook's database: `GRADEBOOK_URL`, else a file in the course's folder.

    PostgreSQL is spoken through psycopg2, whichever driver SQLAlchemy would take by itself.
    """
    url = os.environ.get("GRADEBOOK_URL") or f"sqlite:///{course_root() / 'gradebook.db'}"
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", url)


def on_path(path: str) -> str:
    """Return a PATH that has this environment's programs: nbgrader calls `alembic`."""
    folder = str(Path(sys.executable).parent)
    return path if folder in path.split(os.pathsep) else os.pathsep.join([folder, path])


@cache
def settings() -> dict[str, Any]:
    """Read `grading/course.toml`."""
    return tomllib.loads((GRADING / "course.toml").read_text(encoding="utf-8"))


def limits() -> dict[str, float]:
    """Return what one submitted notebook may use: keyword arguments of the sandbox's `Limits`."""
    return settings().get("limits", {})


def deadline(lesson: str) -> str | None:
    """Return when a lesson is due, in UTC, or None."""
    return settings().get("deadlines", {}).get(lesson)
