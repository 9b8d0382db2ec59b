"""Mending submitted notebooks: what a browser, an editor or a student did to them.

Graded cells are recognised by their grade id, else by their cell id, else by what they say. The
lesson's other code cells are recognised too, so that what was moved can be put back. What is
mended becomes a line for the report; only a file that is no notebook at all is refused.
"""

import ast
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from gradekit.course import KERNELSPEC, source_file
from gradekit.notebooks import student_notebook
from gradekit.reading import UnreadableError, read_notebook
from gradekit.sources import read_lesson
from lessonkit.messages import LANGUAGES

__all__ = ["GradedCell", "Repaired", "UnreadableError", "released_cells", "repair"]

MOST_CELLS = 1_000
MOST_SOURCE = 2_000_000  # characters of a whole notebook
MOST_COPIES = 20  # of one graded cell
KINDS = ("code", "markdown", "raw")
STAYING = {"exercise": 3, "check": 1, "quiz": 1, "": 2}  # what is rather left where it stands


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

    def is_answered_by(self, source: str) -> bool:
        """Tell whether a cell is meant for this one and not as it was released."""
        return source.strip() != self.source.strip() and self.is_meant_by(source)


@dataclass(frozen=True)
class ReleasedCode:
    """A code cell as it was released.

    Attributes:
        name: its grade id, else its id in the first language's notebook.
        ids: its ids in the languages' notebooks.
        sources: its texts in them.
        graded: its marks, or None.
    """

    name: str
    ids: tuple[str, ...]
    sources: tuple[str, ...]
    graded: GradedCell | None = None

    @property
    def needed(self) -> bool:
        """Whether it imports what later cells use."""
        return self.graded is None and bool(re.search(r"(?m)^(import|from) ", self.sources[0]))


@dataclass
class Repaired:
    """A notebook fit for grading, and what had to be done for that."""

    notebook: NotebookNode
    repairs: list[str] = field(default_factory=list)


@dataclass(eq=False)
class _Found:
    """A submitted cell: its text alone, what it calls itself, and what it was recognised as."""

    cell: NotebookNode
    marks: tuple[str, ...] = ()
    name: str | None = None


@cache
def released_cells(lesson: str) -> tuple[GradedCell, ...]:
    """Return a lesson's graded cells, in order; they are the same in both languages."""
    return tuple(code.graded for code in released_code(lesson) if code.graded)


@cache
def released_code(lesson: str) -> tuple[ReleasedCode, ...]:
    """Return a lesson's code cells, in order."""
    master = read_lesson(source_file(lesson))
    notebooks = [student_notebook(master, language) for language in LANGUAGES]
    columns = [[cell for cell in n.cells if cell.cell_type == "code"] for n in notebooks]
    return tuple(map(_released, zip(*columns, strict=True)))


def _released(twins: tuple[NotebookNode, ...]) -> ReleasedCode:
    first, grade_id = twins[0], grade_id_of(twins[0])
    graded = GradedCell(grade_id, first.source, dict(first.metadata)) if grade_id else None
    ids, sources = tuple(cell.id for cell in twins), tuple(cell.source for cell in twins)
    return ReleasedCode(grade_id or first.id, ids, sources, graded)


@cache
def released_texts(lesson: str) -> frozenset[str]:
    """Return the texts of a lesson's released code cells in either language."""
    return frozenset(source for code in released_code(lesson) for source in code.sources)


def repair(content: bytes, released: tuple[GradedCell | ReleasedCode, ...]) -> Repaired:
    """Return a submitted file as a notebook in which every graded cell stands once, in order.

    Args:
        content: the file.
        released: the lesson's code cells; given graded ones alone, only these are put in order.

    Raises:
        UnreadableError: the file is not a notebook.
    """
    codes = [
        code if isinstance(code, ReleasedCode) else ReleasedCode(code.grade_id, (), (), code)
        for code in released
    ]
    saved = read_notebook(content)
    repairs = [*saved.remarks, *_kernel_remarks(saved.metadata), *_id_remarks(saved.cells)]
    graded = [code.graded for code in codes if code.graded]
    found = _readable_cells(saved.cells, {cell.grade_id for cell in graded}, repairs)
    _recognise_ungraded(found, codes)
    for cell in graded:
        found = _settled(cell, found, repairs)
    found = _completed(found, codes, repairs)
    found = _ordered(found, [code.name for code in codes], repairs)
    cells = [entry.cell for entry in found]
    for index, cell in enumerate(cells):
        cell.id = grade_id_of(cell) or f"cell-{index}"
    notebook = new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    )
    return Repaired(notebook, repairs)


def grade_id_of(cell: NotebookNode) -> str | None:
    """Return the grade id that a cell carries, or None."""
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _kernel_remarks(metadata: Any) -> list[str]:
    kernel = _inner(metadata, "kernelspec", "name")
    if kernel == KERNELSPEC["name"]:
        return []
    if kernel is None:
        return ["the notebook named no kernel"]
    return [f"the notebook asked for the kernel {str(kernel)[:60]!r}"]


def _id_remarks(cells: list[Any]) -> list[str]:
    ids = [_inner(cell, "id") for cell in cells]
    named = [name for name in ids if isinstance(name, str)]
    remarks = []
    if missing := len(ids) - len(named):
        remarks.append(f"{missing} cell(s) without an id; named anew")
    if doubled := len(named) - len(set(named)):
        remarks.append(f"{doubled} cell id(s) occur more than once; named anew")
    return remarks


def _readable_cells(cells: list[Any], graded: set[str], repairs: list[str]) -> list[_Found]:
    """Return the cells that are any; where there are too many, graded ones come first."""
    read = [_text_of(cell) for cell in cells]
    marks = [_marks_of(cell) for cell in cells]

    def urgency(index: int) -> tuple[bool, bool]:
        return not graded.intersection(marks[index]), not (read[index] or "").strip()

    kept: dict[int, _Found] = {}
    length, copies, unusual = 0, Counter(), 0
    for index in sorted(range(len(cells)), key=urgency):
        text, claims = read[index], graded.intersection(marks[index])
        copies.update(claims)
        if text is None or any(copies[name] > MOST_COPIES for name in claims):
            continue
        if len(kept) < MOST_CELLS and length + len(text) <= MOST_SOURCE:
            length += len(text)
            clean = _clean(text)
            unusual += clean != text
            kept[index] = _Found(_new_cell(cells[index].get("cell_type"), clean), marks[index])
    lost = [index for index in range(len(cells)) if index not in kept and read[index] != ""]
    if lost:
        repairs.append(f"{len(lost)} cell(s) left out: no cells, or too many or too long")
    if unusual:
        repairs.append(f"{unusual} cell(s) with CR LF line ends or broken characters; made plain")
    return [kept[index] for index in sorted(kept)]


def _text_of(cell: Any) -> str | None:
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list):
        return "".join(map(str, source))
    return source if isinstance(source, str) else None


def _marks_of(cell: Any) -> tuple[str, ...]:
    marks = _inner(cell, "metadata", "nbgrader", "grade_id"), _inner(cell, "id")
    return tuple(mark for mark in marks if isinstance(mark, str))


def _clean(text: str) -> str:
    """Return a text without CR, and with question marks for halves of surrogate pairs."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").decode()


def _new_cell(kind: Any, text: str) -> NotebookNode:
    """Return a cell; nbformat's own functions would validate each anew."""
    cell = NotebookNode(cell_type="raw", id="", metadata=NotebookNode(), source=text)
    if isinstance(kind, str) and kind in KINDS:
        cell.cell_type = kind
    if kind == "code":
        cell.update(execution_count=None, outputs=[])
    return cell


def _inner(node: Any, *path: str) -> Any:
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def _recognise_ungraded(found: list[_Found], codes: list[ReleasedCode]) -> None:
    """Name the cells that are the lesson's own, by their id, else by their text."""
    ungraded = [code for code in codes if code.graded is None]
    for code in ungraded:
        named = [e for e in found if e.name is None and set(code.ids).intersection(e.marks)]
        alike = [e for e in found if e.name is None and e.cell.source in code.sources]
        for entry in [*named, *alike][:1]:
            entry.name = code.name


def _settled(graded: GradedCell, found: list[_Found], repairs: list[str]) -> list[_Found]:
    """Mark the cell that is meant for a graded one; return the cells without idle copies."""
    name = graded.grade_id
    free = [entry for entry in found if entry.name is None]
    claims = [entry for entry in free if name in entry.marks]
    elsewhere = _elsewhere(graded, claims, [entry for entry in free if entry not in claims])
    if elsewhere and claims:
        repairs.append(f"{name}: answered in another cell than its own; that one counts")
    elif elsewhere:
        repairs.append(f"{name}: the cell's marks were lost; known by what it says")
    candidates = elsewhere or claims
    if not candidates:
        return found
    if len(candidates) > 1:
        repairs.append(f"{name}: the cell occurs {len(candidates)} times; the last answer counts")
    chosen = _last_answer(graded, candidates)
    idle = {graded.source, chosen.cell.source}
    copies = [e for e in claims + elsewhere if e is not chosen and e.cell.source in idle]
    _mark(graded, chosen, repairs)
    return [entry for entry in found if entry not in copies]


def _elsewhere(graded: GradedCell, claims: list[_Found], others: list[_Found]) -> list[_Found]:
    """Return the cells without marks that count, where no marked one holds an answer."""
    if graded.locked and claims:
        return []
    if any(graded.is_answered_by(entry.cell.source) for entry in claims):
        return []
    unmarked = [entry for entry in others if _is_code(entry.cell)]
    answers = [entry for entry in unmarked if graded.is_answered_by(entry.cell.source)]
    if answers or claims:
        return answers
    return [entry for entry in unmarked if graded.is_meant_by(entry.cell.source)]


def _last_answer(graded: GradedCell, candidates: list[_Found]) -> _Found:
    for fits in (graded.is_answered_by, graded.is_meant_by):
        fitting = [entry for entry in candidates if fits(entry.cell.source)]
        if fitting:
            return fitting[-1]
    return candidates[-1]


def _mark(graded: GradedCell, entry: _Found, repairs: list[str]) -> None:
    """Give a cell the graded cell's marks, and a locked one its text."""
    name, source = graded.grade_id, entry.cell.source
    if entry.cell.cell_type != "code":
        repairs.append(f"{name}: the cell was {entry.cell.cell_type}; made code again")
    if graded.locked and source != graded.source:
        if source.strip() != graded.source.strip():
            repairs.append(f"{name}: the locked cell was changed; put back as released")
        source = graded.source
    entry.name, entry.cell = name, _new_cell("code", source)
    entry.cell.metadata = nbformat.from_dict(graded.metadata)


def _completed(found: list[_Found], codes: list[ReleasedCode], repairs: list[str]) -> list[_Found]:
    """Return the cells with the missing ones that grading needs, each behind its forerunner."""
    found, before = list(found), None
    language = _language(found)
    for code in codes:
        if all(entry.name != code.name for entry in found):
            if not (code.graded or code.needed):
                continue
            added = _Found(_new_cell("code", code.sources[language] if code.sources else ""))
            what = code.name if code.graded else "a set-up cell"
            repairs.append(f"{what}: the cell was missing; put back as released")
            if code.graded:
                added.cell.source = code.graded.source
                _mark(code.graded, added, repairs)
            added.name = code.name
            found.insert(_place_of(before, found) + 1, added)
        before = code.name
    return found


def _language(found: list[_Found]) -> int:
    """Return the place in `LANGUAGES` of a notebook's language, told from its prose."""
    prose = "".join(e.cell.source for e in found if e.cell.cell_type == "markdown")
    return LANGUAGES.index("ru") if re.search("[А-Яа-яЁё]", prose) else 0


def _place_of(name: str | None, found: list[_Found]) -> int:
    """Return the index of a named cell, -1 if there is none."""
    return next((i for i, entry in enumerate(found) if name and entry.name == name), -1)


def _ordered(found: list[_Found], order: list[str], repairs: list[str]) -> list[_Found]:
    """Return the cells with as few as possible moved so that the lesson's are in its order.

    A check that moves comes behind everything that stands between its exercise and the lesson's
    next cell; any other cell comes right behind its forerunner. A student's own cells stay.
    """
    rank = {name: place for place, name in enumerate(order)}
    known = [entry for entry in found if entry.name is not None]
    staying = _staying([rank[entry.name] for entry in known], order)
    moved = [entry for index, entry in enumerate(known) if index not in staying]
    if not moved:
        return found
    placed = [entry for entry in found if entry not in moved]
    for entry in sorted(moved, key=lambda entry: rank[entry.name]):
        ranks = [-1 if other.name is None else rank[other.name] for other in placed]
        lower = [i for i, other in enumerate(ranks) if 0 <= other < rank[entry.name]]
        index = lower[-1] + 1 if lower else 0
        if entry.name.startswith("check-"):
            index = _behind_own_code(placed, index)
        placed.insert(index, entry)
    graded = [e.name for e in moved if e.name.startswith(("exercise-", "check-", "quiz-"))][:5]
    others = [f"{len(moved) - len(graded)} other cell(s)"] if len(moved) > len(graded) else []
    repairs.append(f"moved back into the lesson's order: {', '.join([*graded, *others])}")
    return placed


def _behind_own_code(found: list[_Found], index: int) -> int:
    """Return the index behind the student's code cells that begin at an index."""
    for place in range(index, len(found)):
        if found[place].name is not None:
            break
        if found[place].cell.cell_type == "code":
            index = place + 1
    return index


def _staying(ranks: list[int], order: list[str]) -> set[int]:
    """Return the indices of the heaviest rising subsequence: the cells that need not move."""
    weights = [STAYING.get(order[rank].partition("-")[0], STAYING[""]) for rank in ranks]
    best: list[
        tuple[int, int]
    ] = []  # weight of the heaviest subsequence ending here, and from where
    for index, rank in enumerate(ranks):
        earlier = [(best[i][0], i) for i in range(index) if ranks[i] < rank]
        weight, source = max(earlier, default=(0, -1))
        best.append((weight + weights[index], source))
    index = max(range(len(best)), key=lambda i: best[i][0], default=-1)
    staying = set()
    while index >= 0:
        staying.add(index)
        index = best[index][1]
    return staying


def _is_code(cell: NotebookNode) -> bool:
    """Tell whether a cell is code, or would be if it were retyped; prose may quote code."""
    return cell.cell_type == "code" or _statements(cell.source) is not None


def _statements(source: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _defines(source: str, name: str) -> bool:
    statements = _statements(source)
    if statements is None:
        return re.search(rf"(?m)^(?:def|class)\s+{re.escape(name)}\b", source) is not None
    return any(name in _names_made(statement) for statement in statements)


def _names_made(node: ast.stmt) -> set[str]:
    """Return the names that a statement of a cell defines, imports or assigns."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
