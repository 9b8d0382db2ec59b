"""Mending submitted notebooks: what a browser, an editor or a student did to them.

Graded cells are recognised by their grade id, else by their cell id, else by what they say. What
is mended becomes a line for the report; only a file that is no notebook at all is refused.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from gradekit.collect import damage_of
from gradekit.notebooks import KERNELSPEC, load_lesson, student_notebook
from lessonkit.messages import LANGUAGES

MOST_CELLS = 1_000
MOST_SOURCE = 2_000_000  # characters of a whole notebook
NEW_CELL = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


class UnreadableError(Exception):
    """The file is no notebook; the text says why."""


@dataclass(frozen=True)
class GradedCell:
    """A graded cell as it was released.

    Attributes:
        grade_id: such as "exercise-pool", "check-pool", "quiz-4".
        source: its released text.
        metadata: its released metadata.
    """

    grade_id: str
    source: str
    metadata: dict[str, Any]

    @property
    def kind(self) -> str:
        """ "exercise", "check" or "quiz"."""
        return self.grade_id.partition("-")[0]

    @property
    def subject(self) -> str:
        """The exercise's name or the question's number."""
        return self.grade_id.partition("-")[2]

    @property
    def locked(self) -> bool:
        return self.kind == "check"

    def is_meant_by(self, source: str) -> bool:
        """Tell whether a cell without its marks says what this one is for."""
        if self.kind == "exercise":
            return _defines(source, self.subject)
        if self.kind == "check":
            return re.search(rf"(?m)^check\(\s*[\"']{self.subject}[\"']", source) is not None
        return re.search(rf"(?m)^answer_{self.subject}\s*=", source) is not None


@dataclass
class Repaired:
    """A notebook fit for grading, and what had to be done for that."""

    notebook: NotebookNode
    repairs: list[str] = field(default_factory=list)


@cache
def released_cells(lesson: str) -> tuple[GradedCell, ...]:
    """Return a lesson's graded cells, in order; they are the same in both languages."""
    return tuple(
        GradedCell(cell.metadata.nbgrader.grade_id, cell.source, dict(cell.metadata))
        for cell in student_notebook(load_lesson(lesson), "en").cells
        if "nbgrader" in cell.metadata
    )


@cache
def released_texts(lesson: str) -> frozenset[str]:
    """Return the texts of a lesson's released code cells in either language."""
    notebooks = [student_notebook(load_lesson(lesson), language) for language in LANGUAGES]
    return frozenset(
        cell.source for notebook in notebooks for cell in notebook.cells if cell.cell_type == "code"
    )


def repair(content: bytes, released: tuple[GradedCell, ...]) -> Repaired:
    """Return a submitted file as a notebook in which every graded cell stands once, in order.

    Raises:
        UnreadableError: the file is not a notebook.
    """
    done = Repaired(_read(content))
    cells = list(_plain_cells(done))
    claims = _claims(cells, released)
    for graded in released:
        _settle(graded, claims[graded.grade_id], cells, done)
    _order_checks(cells, released, done)
    _name(cells)
    done.notebook = new_notebook(cells=cells)
    done.notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    )
    return done


def _read(content: bytes) -> NotebookNode:
    try:
        text = content.decode("utf-8-sig")
        raw = json.loads(text)
        if "worksheets" in raw or raw.get("nbformat", 4) != 4:
            return nbformat.reads(text, as_version=4)
        if not isinstance(raw["cells"], list):
            raise TypeError("cells")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnreadableError(damage_of(content) or "not a notebook") from error
    except Exception as error:  # nbformat's converters raise whatever they stumble over
        raise UnreadableError(f"not a notebook that can be converted: {error}"[:200]) from error
    return nbformat.from_dict(raw)


def _plain_cells(done: Repaired) -> Iterator[NotebookNode]:
    """Yield the cells with their text and their name only; leave out what is no cell."""
    raw, dropped, length = done.notebook, 0, 0
    kernel = _inner(raw, "metadata", "kernelspec", "name")
    if kernel not in (None, KERNELSPEC["name"]):
        done.repairs.append(f"the notebook asked for the kernel {str(kernel)[:60]!r}")
    for cell in raw["cells"][:MOST_CELLS]:
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        source = cell.get("source") if kind in NEW_CELL else None
        if isinstance(source, list):
            source = "".join(map(str, source))
        if not isinstance(source, str) or (length := length + len(source)) > MOST_SOURCE:
            dropped += 1
            continue
        plain = NEW_CELL[kind](source)
        marked = _inner(cell, "metadata", "nbgrader", "grade_id")
        plain.metadata["claim"] = marked if isinstance(marked, str) else cell.get("id")
        yield plain
    dropped += max(0, len(raw["cells"]) - MOST_CELLS)
    if dropped:
        done.repairs.append(f"{dropped} cell(s) left out: no cells, or too many or too long")


def _inner(node: Any, *path: str) -> Any:
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def _claims(
    cells: list[NotebookNode], released: tuple[GradedCell, ...]
) -> dict[str, list[NotebookNode]]:
    """Return, for each graded cell, the cells that say they are it."""
    claims: dict[str, list[NotebookNode]] = {graded.grade_id: [] for graded in released}
    for cell in cells:
        claim = cell.metadata.pop("claim")
        if claim in claims:
            claims[claim].append(cell)
    taken = {id(cell) for found in claims.values() for cell in found}
    for graded in released:
        if not claims[graded.grade_id]:
            fitting = [c for c in cells if id(c) not in taken and graded.is_meant_by(c.source)]
            claims[graded.grade_id] = fitting
            for cell in fitting:
                cell.metadata["found"] = True
    return claims


def _settle(
    graded: GradedCell, claims: list[NotebookNode], cells: list[NotebookNode], done: Repaired
) -> None:
    """Give one cell the graded cell's marks, adding it where there is none."""
    name = graded.grade_id
    if not claims:
        done.repairs.append(f"{name}: the cell was missing; put back as released")
        place = _place_for(graded, cells)
        cells.insert(place, _marked(new_code_cell(graded.source), graded))
        return
    meant = [cell for cell in claims if graded.is_meant_by(cell.source)]
    chosen = (meant or claims)[-1]
    if len(claims) > 1:
        done.repairs.append(f"{name}: the cell occurs {len(claims)} times; the last one counts")
    if chosen.metadata.pop("found", False):
        done.repairs.append(f"{name}: the cell's marks were lost; known by what it says")
    if chosen.cell_type != "code":
        done.repairs.append(f"{name}: the cell was {chosen.cell_type}; made code again")
        index = _index(cells, chosen)
        chosen = cells[index] = new_code_cell(chosen.source)
    if graded.locked and chosen.source != graded.source:
        if chosen.source.strip() != graded.source.strip():
            done.repairs.append(f"{name}: the locked cell was changed; put back as released")
        chosen.source = graded.source
    _marked(chosen, graded)


def _marked(cell: NotebookNode, graded: GradedCell) -> NotebookNode:
    cell.metadata = nbformat.from_dict(graded.metadata)
    return cell


def _place_for(graded: GradedCell, cells: list[NotebookNode]) -> int:
    """Return where a missing cell belongs: a check behind its exercise, the rest at the end."""
    if graded.kind == "check":
        for index in range(len(cells) - 1, -1, -1):
            if grade_id_of(cells[index]) == f"exercise-{graded.subject}":
                return index + 1
    return len(cells)


def _order_checks(
    cells: list[NotebookNode], released: tuple[GradedCell, ...], done: Repaired
) -> None:
    """Move each check that stands before its exercise behind it."""
    for graded in released:
        if graded.kind != "check":
            continue
        where = {grade_id_of(cell): index for index, cell in enumerate(cells)}
        check, exercise = where[graded.grade_id], where[f"exercise-{graded.subject}"]
        if check < exercise:
            done.repairs.append(f"{graded.grade_id}: the cell stood before its exercise; moved")
            cells.insert(exercise, cells.pop(check))


def grade_id_of(cell: NotebookNode) -> str | None:
    """Return the grade id that a cell carries, or None."""
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _name(cells: list[NotebookNode]) -> None:
    """Give each cell an id of its own, the grade id where it has one; drop other marks."""
    for index, cell in enumerate(cells):
        cell.metadata.pop("found", None)
        cell.id = grade_id_of(cell) or f"cell-{index}"


def _index(cells: list[NotebookNode], wanted: NotebookNode) -> int:
    return next(index for index, cell in enumerate(cells) if cell is wanted)


def _defines(source: str, name: str) -> bool:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return re.search(rf"(?m)^(?:def|class)\s+{re.escape(name)}\b", source) is not None
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) and node.name == name for node in tree.body)
