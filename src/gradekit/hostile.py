"""The hostile class: submissions that each try one trick on the grader, made in memory.

`grading/hostile/LESSON/NAME.py` holds a trick: a cell of a notebook in which nothing is answered,
so that any point is a gain. Run them in sandboxes only: with `--unsafe` they do what they say.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from gradekit.answers import answers_of
from gradekit.course import GRADING, CourseError
from gradekit.guards import answer_source
from gradekit.keys import quiz_key
from gradekit.notebooks import load_lesson, student_notebook
from gradekit.repair import grade_id_of
from lessonkit.questions import load_questions

HOSTILE = GRADING / "hostile"
HEADER = re.compile(r"# (trick|reported|detail|place): (.+)\n")
ORDINARY_CELLS = ("course.objectives()", "guess_word_counts", 'figures.show("pooling")')
NOTHING = "-"  # reported: nothing beside the failed checks


@dataclass(frozen=True)
class Trick:
    """One thing that a submission tries.

    Attributes:
        name: the file's name without suffix.
        sentence: what it does.
        reported: kinds of incident of which at least one must be in its result; "mended" stands
            for a line among the repairs. Empty if the failed checks say enough.
        detail: pattern that one of the incidents' details must match, or None.
        place: grade id of the cell that the trick is written into; None for a cell of its own.
        source: the cell.
    """

    name: str
    sentence: str
    reported: frozenset[str]
    detail: str | None
    place: str | None
    source: str


def tricks_of(lesson: str) -> list[Trick]:
    """Return a lesson's tricks.

    Raises:
        CourseError: a file lacks its header.
    """
    return [_read(path.stem, path.read_text("utf-8")) for path in sorted(_files(lesson))]


def hostile_submission(lesson: str, trick: Trick, names: dict[str, str]) -> bytes:
    """Return the notebook of a student who tries one trick.

    Args:
        lesson: the lesson's name.
        trick: what is tried.
        names: what replaces `@NAME@` in the trick: paths that an attacker could guess.
    """
    source = re.sub(r"@([A-Z]+)@", lambda match: names[match[1]], trick.source)
    notebook = short_notebook(lesson)
    if trick.place is None:
        notebook.cells.insert(_behind_imports(notebook), new_code_cell(source))
    else:
        next(cell for cell in notebook.cells if grade_id_of(cell) == trick.place).source = source
    return _bytes(notebook)


def honest_submission(lesson: str) -> bytes:
    """Return the same short notebook with every exercise and question answered right."""
    notebook = short_notebook(lesson)
    right = {a.exercise: a.source for a in answers_of(lesson) if a.name == "reference"}
    for cell in notebook.cells:
        kind, _, subject = (grade_id_of(cell) or "").partition("-")
        if kind == "exercise":
            cell.source = right[subject].rstrip("\n")
        elif kind == "quiz":
            options = list(load_questions(lesson[:2])[int(subject)].options)
            letter = quiz_key(lesson)[int(subject)]["correct"]
            cell.source = answer_source(int(subject), options, letter)
    return _bytes(notebook)


def short_notebook(lesson: str) -> NotebookNode:
    """Return a released notebook cut to set-up, imports, graded cells and a few ordinary ones."""
    notebook = student_notebook(load_lesson(lesson), "en")
    notebook.cells = [cell for cell in notebook.cells if _matters(cell)]
    return notebook


def crafted_submissions(lesson: str) -> dict[str, bytes]:
    """Return submissions whose trick is in the notebook's file, not in its code: name -> bytes."""
    return {name: make(lesson) for name, make in CRAFTED.items()}


def _files(lesson: str) -> list:
    return list((HOSTILE / lesson).glob("*.py"))


def _read(name: str, text: str) -> Trick:
    header: dict[str, str] = {}
    while match := HEADER.match(text):
        header[match[1]] = match[2].strip()
        text = text[match.end() :]
    if not {"trick", "reported"} <= header.keys():
        raise CourseError(f"hostile/{name}.py: its header lacks `# trick:` or `# reported:`")
    reported = frozenset(header["reported"].split("|")) - {NOTHING}
    return Trick(
        name, header["trick"], reported, header.get("detail"), header.get("place"), text.strip()
    )


def _matters(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and (
        grade_id_of(cell) is not None
        or "from lessonkit import" in cell.source
        or cell.source.startswith(("# Set-up.", *ORDINARY_CELLS))
    )


def _behind_imports(notebook: NotebookNode) -> int:
    places = [i for i, cell in enumerate(notebook.cells) if "from lessonkit import" in cell.source]
    return places[-1] + 1


def _bytes(notebook: NotebookNode) -> bytes:
    return nbformat.writes(notebook, indent=1, ensure_ascii=False).encode()


def _points(lesson: str, points: float | bool) -> bytes:
    """Pretend that every cell is worth, and has got, so many points."""
    notebook = short_notebook(lesson)
    for cell in notebook.cells:
        if grade_id_of(cell):
            marks = {"points": points, "grade": True, "solution": True, "locked": False}
            cell.metadata.nbgrader.update(marks)
            cell.metadata.update(score=points, auto_score=points, max_score=points)
    return json.dumps(notebook, allow_nan=True).encode()


def _foreign_cells(lesson: str) -> bytes:
    """Add graded cells, tasks and cells of other lessons that were never released."""
    notebook = short_notebook(lesson)
    names = ["bonus", "check-mask_tokens", "quiz-6", "quiz-3", "check-", "../../gradebook"]
    for name in names:
        marks = {"grade": True, "grade_id": name, "locked": False, "points": 1000.0}
        marks |= {"schema_version": 3, "solution": False, "task": name == "bonus"}
        kind = new_markdown_cell if name == "bonus" else new_code_cell
        notebook.cells.append(kind("pass", metadata={"nbgrader": marks}))
    return json.dumps(notebook).encode()


def _checks_rewritten(lesson: str) -> bytes:
    """Put `pass` into the cells of the checks, and copies of the checks at the top."""
    notebook = short_notebook(lesson)
    checks = [cell for cell in notebook.cells if (grade_id_of(cell) or "").startswith("check-")]
    copies = [nbformat.from_dict(json.loads(json.dumps(cell))) for cell in checks]
    for cell in checks:
        cell.source = "pass  # all is well"
    notebook.cells = [*copies, *notebook.cells]
    return json.dumps(notebook).encode()


def _outputs_of_a_pass(lesson: str) -> bytes:
    """Hand in outputs that show scripts and passed checks, and prose and attachments with scripts.

    Outputs of a submission are made anew; prose is shown to people.
    """
    notebook = short_notebook(lesson)
    data = {"text/html": "<script>alert(1)</script><b>passed</b>", "text/plain": "passed"}
    for cell in notebook.cells:
        cell.outputs = [new_output("display_data", data=data)]
        cell.execution_count = "<script>alert(2)</script>"
    prose = "<script>alert(3)</script> [a](javascript:alert(4)) <img src=x onerror=alert(5)>"
    marked = new_markdown_cell(f"{prose} ![x](attachment:x.svg)")
    marked.attachments = {"x.svg": {"image/svg+xml": "PHN2ZyBvbmxvYWQ9YWxlcnQoNik+"}}
    notebook.cells.append(marked)
    notebook.metadata["title"] = "<script>alert(7)</script>"
    return json.dumps(notebook).encode()


def _many_cells(lesson: str) -> bytes:
    notebook = short_notebook(lesson)
    notebook.cells += [{"cell_type": "code", "source": "1", "metadata": {}}] * 100_000
    return json.dumps(notebook).encode()


def _huge_string(lesson: str) -> bytes:
    notebook = short_notebook(lesson)
    notebook.cells.append(new_code_cell("x = '" + "y" * 49_000_000 + "'"))
    return json.dumps(notebook).encode()


def _deep(lesson: str) -> bytes:
    depth = 100_000
    text = json.dumps({**short_notebook(lesson), "metadata": {"deep": "@"}})
    return text.replace('"@"', "[" * depth + "]" * depth).encode()


def _odd_numbers(lesson: str) -> bytes:
    notebook = short_notebook(lesson)
    notebook.metadata = {"nan": float("nan"), "infinite": float("-inf"), "large": 10**4000}
    notebook.nbformat_minor = 10**9
    return json.dumps(notebook).encode()


def _keys_twice(lesson: str) -> bytes:
    """Give every object its keys twice, the second time with other values."""
    text = _bytes(short_notebook(lesson)).decode()
    text = re.sub(r'("points": )[\d.]+', r"\g<1>2.0, \g<1>1000.0", text)
    return text.replace('"nbformat": 4', '"nbformat": 3, "nbformat": 4, "cells": []', 1).encode()


def _lone_surrogates(lesson: str) -> bytes:
    notebook = short_notebook(lesson)
    notebook.cells.append(new_code_cell("x = '@'"))
    notebook.cells.append(new_markdown_cell("@ \\u0000 @"))
    return json.dumps(notebook).replace("@", "\\ud800").encode()


def _path_ids(lesson: str) -> bytes:
    notebook = short_notebook(lesson)
    for index, cell in enumerate(notebook.cells):
        if grade_id_of(cell) is None:
            cell.id = ["../../../hostile-was-here", "/etc/passwd", "a\0b", "<b>", "check-freeze"][
                index % 5
            ]
    notebook.metadata["name"] = "../../hostile-was-here"
    return json.dumps(notebook).encode()


CRAFTED: dict[str, Callable[[str], bytes]] = {
    "file_points_1000": lambda lesson: _points(lesson, 1000.0),
    "file_points_negative": lambda lesson: _points(lesson, -1.0),
    "file_points_nan": lambda lesson: _points(lesson, float("nan")),
    "file_points_true": lambda lesson: _points(lesson, True),
    "file_foreign_cells": _foreign_cells,
    "file_checks_rewritten": _checks_rewritten,
    "file_outputs_of_a_pass": _outputs_of_a_pass,
    "file_many_cells": _many_cells,
    "file_huge_string": _huge_string,
    "file_deep": _deep,
    "file_odd_numbers": _odd_numbers,
    "file_keys_twice": _keys_twice,
    "file_lone_surrogates": _lone_surrogates,
    "file_path_ids": _path_ids,
}
