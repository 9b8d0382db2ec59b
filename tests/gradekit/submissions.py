"""Submissions for tests: the released notebook with answers, and everything that befalls one."""

import json
import random
from collections.abc import Callable
from functools import cache
from typing import Any

from gradekit.answers import answers_of
from gradekit.guards import answer_source
from gradekit.keys import quiz_key
from gradekit.notebooks import load_lesson, student_notebook

LESSON = "02_feature_extraction"
Raw = dict[str, Any]


def answered(
    lesson: str = LESSON,
    language: str = "en",
    answers: dict[str, str] | None = None,
    letters: dict[int, str] | None = None,
) -> Raw:
    """Return a submission as plain JSON data.

    Args:
        lesson: the lesson's name.
        language: "en" or "ru".
        answers: exercise -> name of an answer in the bank; the reference solution by default.
        letters: graded question -> letter; the right one by default.
    """
    bank = {(answer.exercise, answer.name): answer.source for answer in answers_of(lesson)}
    notebook = json.loads(_released(lesson, language))
    for cell in notebook["cells"]:
        kind, _, subject = cell["id"].partition("-")
        if kind == "exercise":
            name = (answers or {}).get(subject, "reference")
            cell["source"] = bank[subject, name].rstrip("\n")
        elif kind == "quiz":
            number, key = int(subject), quiz_key(lesson)[int(subject)]
            letter = (letters or {}).get(number, key["correct"])
            cell["source"] = answer_source(number, list(key["why"]), letter)
    return notebook


@cache
def _released(lesson: str, language: str) -> str:
    return json.dumps(student_notebook(load_lesson(lesson), language))


def as_bytes(notebook: Raw) -> bytes:
    """Return a notebook as a file holds it, sources as lists of lines."""
    copy = json.loads(json.dumps(notebook))
    for cell in copy["cells"]:
        if isinstance(cell, dict) and isinstance(cell.get("source"), str):
            cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(copy, indent=1).encode()


def cell_of(notebook: Raw, name: str) -> Raw:
    """Return the cell with a grade id."""
    return next(cell for cell in notebook["cells"] if cell["id"] == name)


def place_of(notebook: Raw, name: str) -> int:
    """Return the index of the cell with a grade id."""
    return notebook["cells"].index(cell_of(notebook, name))


Damage = Callable[[Raw], Raw | bytes | None]
DAMAGES: dict[str, tuple[Damage, str]] = {}


def damage(expected: str) -> Callable[[Damage], Damage]:
    """Register a way in which notebooks suffer, with a part of the report's line."""

    def register(function: Damage) -> Damage:
        DAMAGES[function.__name__] = function, expected
        return function

    return register


def damaged(name: str, notebook: Raw) -> bytes:
    """Return a submission after a damage."""
    function, _ = DAMAGES[name]
    result = function(notebook)
    return result if isinstance(result, bytes) else as_bytes(result or notebook)


@damage("check-pool: the cell occurs 2 times")
def duplicated_check(notebook: Raw) -> None:
    notebook["cells"].append(dict(cell_of(notebook, "check-pool")))


@damage("exercise-pool: the cell occurs 2 times")
def duplicated_exercise(notebook: Raw) -> None:
    place = place_of(notebook, "exercise-pool")
    notebook["cells"].insert(place, dict(notebook["cells"][place]))


@damage("exercise-pool: the cell occurs 2 times")
def duplicated_exercise_behind_its_check(notebook: Raw) -> None:
    notebook["cells"].append(dict(cell_of(notebook, "exercise-pool")))


@damage("exercise-pool: the cell occurs 2 times")
def empty_copy_below_the_answer(notebook: Raw) -> None:
    copy = dict(cell_of(json.loads(_released(LESSON, "en")), "exercise-pool"))
    notebook["cells"].insert(place_of(notebook, "exercise-pool") + 1, copy)


@damage("quiz-4: the cell occurs 2 times")
def duplicated_quiz(notebook: Raw) -> None:
    copy = dict(cell_of(json.loads(_released(LESSON, "en")), "quiz-4"))
    notebook["cells"].append(copy)


@damage("occurs 2 times")
def everything_duplicated(notebook: Raw) -> None:
    notebook["cells"] = [dict(cell) for cell in notebook["cells"] for _ in range(2)]


@damage("check-freeze: the cell was missing")
def deleted_checks(notebook: Raw) -> None:
    notebook["cells"] = [c for c in notebook["cells"] if not c["id"].startswith("check-")]


@damage("a set-up cell: the cell was missing")
def deleted_imports(notebook: Raw) -> None:
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    cells[:] = [cell for cell in cells if cell not in (code[0], code[2])]


@damage("moved back into the lesson's order: check-pool")
def check_above_its_exercise(notebook: Raw) -> None:
    check = notebook["cells"].pop(place_of(notebook, "check-pool"))
    notebook["cells"].insert(place_of(notebook, "exercise-pool"), check)


@damage("moved back into the lesson's order")
def reversed_cells(notebook: Raw) -> None:
    notebook["cells"].reverse()


@damage("moved back into the lesson's order")
def shuffled_cells(notebook: Raw) -> None:
    random.Random(3).shuffle(notebook["cells"])


@damage("exercise-pool: the cell was markdown")
def retyped_to_markdown(notebook: Raw) -> None:
    for name in ("exercise-pool", "check-pool", "quiz-4"):
        cell_of(notebook, name)["cell_type"] = "markdown"


@damage("check-pool: the cell was raw")
def retyped_to_nonsense(notebook: Raw) -> None:
    cell_of(notebook, "check-pool")["cell_type"] = "heading"
    cell_of(notebook, "exercise-pool")["cell_type"] = ["code"]
    del cell_of(notebook, "exercise-freeze")["cell_type"]


@damage("exercise-pool: the cell's marks were lost")
def stripped_metadata_and_ids(notebook: Raw) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        del cell["id"]


@damage("the notebook named no kernel")
def stripped_metadata(notebook: Raw) -> None:
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        del cell["metadata"]


@damage("without an id")
def missing_ids(notebook: Raw) -> None:
    for cell in notebook["cells"]:
        del cell["id"]


@damage("occur more than once")
def one_id_for_all(notebook: Raw) -> None:
    for cell in notebook["cells"]:
        cell["id"] = "same"


@damage("without an id")
def ids_of_other_kinds(notebook: Raw) -> None:
    for cell, name in zip(notebook["cells"], [7, None, ["x"], {"y": 1}] * 100, strict=False):
        cell["id"] = name


@damage("the notebook asked for the kernel 'julia-1.10'")
def wrong_kernelspec(notebook: Raw) -> None:
    notebook["metadata"]["kernelspec"] = {"name": "julia-1.10", "language": "julia"}


@damage("the notebook named no kernel")
def missing_kernelspec(notebook: Raw) -> None:
    del notebook["metadata"]["kernelspec"]


@damage("marks were lost")
def saved_by_colab(notebook: Raw) -> None:
    """Colab: format 4.0, ids inside the metadata, other marks of its own, outputs of widgets."""
    notebook["nbformat_minor"] = 0
    notebook["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    for index, cell in enumerate(notebook["cells"]):
        del cell["id"]
        cell["metadata"] = {"id": f"k{index:011}", "colab": {"base_uri": "https://localhost/"}}


@damage("the notebook was saved in another format: 4.2")
def saved_by_vs_code(notebook: Raw) -> None:
    """VS Code: keeps format and metadata, adds its own, names its environment's kernel."""
    notebook["nbformat_minor"] = 2
    notebook["metadata"]["kernelspec"] = {"name": "python3", "display_name": ".venv"}
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.12.1"}
    for cell in notebook["cells"]:
        cell["metadata"]["vscode"] = {"languageId": "python"}
        del cell["id"]


@damage("")
def saved_by_jupyter_notebook_7(notebook: Raw) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] |= {"editable": True, "slideshow": {"slide_type": ""}, "tags": []}
        if cell["cell_type"] == "code":
            cell["metadata"]["execution"] = {"iopub.execute_input": "2026-10-01T00:00:00Z"}
            text = {"name": "stdout", "output_type": "stream", "text": ["hello\n"]}
            cell |= {"execution_count": 3, "outputs": [text]}


@damage("another format: 3.0")
def saved_in_format_3(notebook: Raw) -> Raw | bytes:
    cells = []
    for cell in notebook["cells"]:
        source = {"input" if cell["cell_type"] == "code" else "source": cell["source"]}
        cells.append({"cell_type": cell["cell_type"], "metadata": cell["metadata"], **source})
        if cell["cell_type"] == "code":
            cells[-1] |= {"language": "python", "outputs": [], "collapsed": False}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
    return json.dumps({**old, "worksheets": [{"cells": cells, "metadata": {}}]}).encode()


@damage("another format: 4.0")
def saved_in_format_4_0(notebook: Raw) -> None:
    notebook["nbformat_minor"] = 0
    for cell in notebook["cells"]:
        del cell["id"]


@damage("another format: 4")
def format_of_other_kinds(notebook: Raw) -> None:
    notebook["nbformat"], notebook["nbformat_minor"] = "4", None


@damage("saved as utf-8-sig")
def with_byte_order_mark(notebook: Raw) -> bytes:
    return b"\xef\xbb\xbf" + as_bytes(notebook)


@damage("saved as utf-16")
def saved_as_utf_16(notebook: Raw) -> bytes:
    return json.dumps(notebook, ensure_ascii=False).encode("utf-16")


@damage("CR LF")
def with_crlf(notebook: Raw) -> bytes:
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")
    return as_bytes(notebook).replace(b"\n", b"\r\n")


@damage("broken characters")
def with_lone_surrogates(notebook: Raw) -> None:
    cell_of(notebook, "exercise-pool")["source"] += "\n# \ud83d"
    notebook["cells"].append({**notebook["cells"][0], "id": "\udc00", "source": "\udfff"})


@damage("left out")
def enormous_number_of_cells(notebook: Raw) -> None:
    filler = {"cell_type": "code", "metadata": {}, "source": "0", "id": "filler"}
    notebook["cells"] = [dict(filler) for _ in range(5_000)] + notebook["cells"]


@damage("left out")
def enormous_cell(notebook: Raw) -> None:
    filler = {"cell_type": "raw", "metadata": {}, "source": "a" * 3_000_000, "id": "filler"}
    notebook["cells"].insert(0, filler)


@damage("exercise-pool: the cell occurs")
def enormous_number_of_copies(notebook: Raw) -> None:
    notebook["cells"] += [dict(cell_of(notebook, "exercise-pool")) for _ in range(3_000)]


@damage("left out")
def cells_that_are_none(notebook: Raw) -> None:
    notebook["cells"] += [None, 3, "check", [], {"cell_type": "code"}, {"source": None}]
    notebook["cells"].append({"cell_type": {}, "source": "x", "metadata": []})
    notebook["cells"].append(
        {"cell_type": "code", "source": [1, None], "metadata": {"nbgrader": 3}}
    )


@damage("quiz-4: answered in another cell")
def answered_in_other_cells(notebook: Raw) -> None:
    released = json.loads(_released(LESSON, "en"))
    for name in ("exercise-pool", "quiz-4"):
        cell = cell_of(notebook, name)
        own = {"cell_type": "code", "metadata": {}, "id": f"own-{name}", "source": cell["source"]}
        cell["source"] = cell_of(released, name)["source"]
        notebook["cells"].append(own)


@damage("exercise-pool: answered in another cell")
def answered_between_exercise_and_check(notebook: Raw) -> None:
    cell = cell_of(notebook, "exercise-pool")
    own = {"cell_type": "code", "metadata": {}, "id": "own", "source": cell["source"]}
    cell["source"] = ""
    notebook["cells"].insert(place_of(notebook, "check-pool"), own)


@damage("check-pool: the locked cell was changed")
def edited_check(notebook: Raw) -> None:
    cell_of(notebook, "check-pool")["source"] = 'check("freeze", freeze)  # so easy'


@damage("moved back")
def moved_to_other_marks(notebook: Raw) -> None:
    """Two exercises exchanged their places."""
    cells = notebook["cells"]
    one, other = place_of(notebook, "exercise-freeze"), place_of(notebook, "exercise-linear_probe")
    cells[one], cells[other] = cells[other], cells[one]
