"""The bundle: what students get. Everything of the repository but the instructor's side."""

import re
import shutil
from pathlib import Path

from gradekit.course import NOTEBOOKS, CourseError, lesson_names
from gradekit.notebooks import write_student_files
from lessonkit.paths import ROOT

FILES = (
    "LICENSE",
    "Makefile",
    "README.md",
    "constraints.txt",
    "environment.yml",
    "pyproject.toml",
    "tools/setup_environment.py",
)
FOLDERS = ("data", "docs", "src/lessonkit", "src/sentinel")
INSTRUCTORS = re.compile(
    r"^[ \t]*(?:#|<!--) >>> instructors.*?^[ \t]*(?:#|<!--) <<< instructors[^\n]*\n",
    re.MULTILINE | re.DOTALL,
)


def write_bundle(target: Path) -> list[Path]:
    """Write the bundle into a folder, which must be new or empty; return its files.

    Parts of a file between `>>> instructors` and `<<< instructors` are left out.

    Raises:
        CourseError: the folder holds something already.
    """
    if target.exists() and any(target.iterdir()):
        raise CourseError(f"{target} is not empty; name a new folder or empty it first")
    write_student_files()
    for name in FILES:
        text = (ROOT / name).read_text(encoding="utf-8")
        _write(target / name, INSTRUCTORS.sub("", text))
    for folder in FOLDERS:
        if (ROOT / folder).is_dir():
            shutil.copytree(ROOT / folder, target / folder, ignore=_left_out, dirs_exist_ok=True)
    for language_folder in sorted(NOTEBOOKS.iterdir()):
        for lesson in lesson_names():
            source = language_folder / f"{lesson}.ipynb"
            _write(target / source.relative_to(ROOT), source.read_text(encoding="utf-8"))
    return sorted(path for path in target.rglob("*") if path.is_file())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _left_out(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in ("__pycache__", "cache") or name.endswith(".pyc")}
