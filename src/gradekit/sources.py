"""Reading a lesson's master: a jupytext percent file with short marks on its cells."""

from dataclasses import dataclass
from pathlib import Path

import jupytext

from gradekit.course import CourseError

CELL_MARKS = {"lang", "exercise", "check", "points", "quiz", "tags"}
BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"


@dataclass(frozen=True)
class Cell:
    """One cell of a master.

    Attributes:
        kind: "markdown" or "code".
        source: its text.
        lang: language of a prose cell; None for code.
        exercise: name of the exercise whose stub and solution it holds.
        check: name of the exercise it grades.
        quiz: number of the question whose answer line it holds.
        points: what the check or the graded question is worth.
    """

    kind: str
    source: str
    lang: str | None = None
    exercise: str | None = None
    check: str | None = None
    quiz: int | None = None
    points: float = 0


@dataclass(frozen=True)
class Lesson:
    """A lesson's master.

    Attributes:
        name: such as "02_feature_extraction".
        cells: in order; prose cells of both languages stand side by side.
    """

    name: str
    cells: tuple[Cell, ...]

    @property
    def number(self) -> str:
        return self.name[:2]


def read_lesson(path: Path) -> Lesson:
    """Read a master.

    Raises:
        CourseError: the file is missing or not a percent file.
    """
    try:
        notebook = jupytext.read(path, fmt="py:percent")
    except FileNotFoundError:
        raise CourseError(f"{path} is missing") from None
    except Exception as error:
        raise CourseError(f"{path} cannot be read as a jupytext percent file: {error}") from error
    return Lesson(path.stem, tuple(_cell(path, i, cell) for i, cell in enumerate(notebook.cells)))


def _cell(path: Path, index: int, cell: dict) -> Cell:
    marks = {
        name: value for name, value in cell["metadata"].items() if name != "lines_to_next_cell"
    }
    if unknown := set(marks) - CELL_MARKS:
        raise CourseError(f"{path.name}: cell {index + 1} has unknown marks: {', '.join(unknown)}")
    return Cell(
        kind=cell["cell_type"],
        source=cell["source"],
        lang=marks.get("lang"),
        exercise=marks.get("exercise"),
        check=marks.get("check"),
        quiz=marks.get("quiz"),
        points=float(marks.get("points", 0)),
    )


def solved_source(cell: Cell) -> str:
    """Return an exercise cell's source with its solution and without the markers."""
    lines = cell.source.split("\n")
    return "\n".join(line for line in lines if line.strip() not in (BEGIN_SOLUTION, END_SOLUTION))


def solution_blocks(cell: Cell) -> list[str]:
    """Return what stands between a cell's solution markers, without indentation and blank lines."""
    blocks: list[list[str]] = []
    inside = False
    for line in cell.source.split("\n"):
        text = line.strip()
        if text in (BEGIN_SOLUTION, END_SOLUTION):
            inside = text == BEGIN_SOLUTION
            blocks += [[]] if inside else []
        elif inside and text:
            blocks[-1].append(text)
    return ["\n".join(block) for block in blocks]
