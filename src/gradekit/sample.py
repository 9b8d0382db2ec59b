"""The sample class: submissions to try the grader on, made from the answer bank.

`grading/sample_class/class.toml` says who hands in what; the notebooks beside it are generated.
"""

import io
import tomllib
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from gradekit.answers import Answer, answers_of
from gradekit.course import SAMPLE_CLASS, CourseError
from gradekit.guards import answer_source
from gradekit.notebooks import load_lesson, notebook_text, student_notebook
from gradekit.sources import Lesson
from lessonkit.questions import load_questions

CLASS_FILE = SAMPLE_CLASS / "class.toml"
EXPECTED = SAMPLE_CLASS / "expected.csv"


def sample_files() -> dict[Path, bytes]:
    """Return every generated file of the sample class with its content."""
    files: dict[Path, bytes] = {}
    for student in _students():
        text = notebook_of(student)
        files |= _files_of(student, text)
    return files


def write_sample_class() -> list[Path]:
    """Write the sample class's files; return those that changed."""
    changed = []
    for path, content in sample_files().items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            changed.append(path)
    return changed


def _students() -> list[dict[str, Any]]:
    table = tomllib.loads(CLASS_FILE.read_text(encoding="utf-8"))
    return [
        {"lesson": lesson, **student} for lesson, students in table.items() for student in students
    ]


def notebook_of(student: dict[str, Any]) -> str:
    """Return a student's notebook: the released one with answers written into it."""
    lesson = load_lesson(student["lesson"])
    notebook = student_notebook(lesson, student.get("language", "en"))
    answers = {(answer.exercise, answer.name): answer for answer in answers_of(lesson.name)}
    for cell in notebook.cells:
        kind, _, name = cell.id.partition("-")
        if kind == "exercise":
            _answer_exercise(cell, name, student.get("answers", {}), answers)
    _answer_quiz(notebook, lesson, student.get("quiz", {}))
    return notebook_text(notebook)


def _answer_exercise(
    cell: NotebookNode,
    exercise: str,
    chosen: dict[str, str],
    answers: dict[tuple[str, str], Answer],
) -> None:
    name = chosen.get(exercise, chosen.get("all"))
    if name is None:
        return
    if (exercise, name) not in answers:
        raise CourseError(f"{CLASS_FILE.name}: the bank has no answer {exercise}/{name}")
    cell.source = answers[exercise, name].source.rstrip("\n")


def _answer_quiz(notebook: NotebookNode, lesson: Lesson, letters: dict[str, str]) -> None:
    for number, letter in letters.items():
        options = list(load_questions(lesson.number)[int(number)].options)
        empty = answer_source(int(number), options)
        cell = next(cell for cell in notebook.cells if cell.source == empty)
        cell.source = answer_source(int(number), options, letter)


def _files_of(student: dict[str, Any], text: str) -> dict[Path, bytes]:
    content = text.encode()
    if keep := student.get("cut_after"):
        content = content[: int(len(content) * keep)]
    name, lesson = student["name"], student["lesson"]
    folder = SAMPLE_CLASS / lesson
    if student.get("form") == "zip":
        member = student.get("file", f"{lesson}.ipynb")
        return {folder / f"{name}.zip": _zip(member, content, student["handed_in"])}
    return {
        folder / name / student.get("file", f"{lesson}.ipynb"): content,
        folder / name / "timestamp.txt": f"{student['handed_in']}\n".encode(),
    }


def _zip(member: str, content: bytes, handed_in: str) -> bytes:
    """Return an archive with one file in it, the same bytes every time."""
    when = datetime.strptime(handed_in, "%Y-%m-%d %H:%M:%S").timetuple()[:6]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(member, when), content)
    return buffer.getvalue()
