"""Repair: what befalls notebooks is mended, said in a line, and costs no point."""

import json
import random

import nbformat
import pytest

from gradekit.reading import UnreadableError
from gradekit.repair import grade_id_of, released_cells, released_code, repair
from tests.gradekit.submissions import (
    DAMAGES,
    LESSON,
    answered,
    as_bytes,
    cell_of,
    damaged,
    place_of,
)

GRADED = [graded.grade_id for graded in released_cells(LESSON)]


def mended(content: bytes) -> tuple[nbformat.NotebookNode, list[str]]:
    result = repair(content, released_code(LESSON))
    nbformat.validate(nbformat.from_dict(json.loads(nbformat.writes(result.notebook))))
    assert all(len(line) < 200 and line.isprintable() for line in result.repairs)
    return result.notebook, result.repairs


def graded_part(notebook: nbformat.NotebookNode) -> list[tuple[str, str, dict]]:
    cells = (cell for cell in notebook.cells if grade_id_of(cell))
    return [(grade_id_of(cell), cell.source, dict(cell.metadata)) for cell in cells]


def code_part(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_an_undamaged_notebook_stays_as_it_is(language: str) -> None:
    notebook, repairs = mended(as_bytes(answered(language=language)))
    assert repairs == []
    assert [cell.source for cell in notebook.cells] == [
        cell["source"] for cell in answered(language=language)["cells"]
    ]
    assert [name for name, *_ in graded_part(notebook)] == GRADED


@pytest.mark.parametrize("name", DAMAGES)
def test_each_damage_is_mended_and_named(name: str) -> None:
    whole, _ = mended(as_bytes(answered()))
    notebook, repairs = mended(damaged(name, answered()))
    parts = [(n, source.rstrip(" #?\n"), marks) for n, source, marks in graded_part(notebook)]
    assert parts == graded_part(whole)
    expected = DAMAGES[name][1]
    assert any(expected in line for line in repairs) if expected else repairs == []


@pytest.mark.parametrize("name", ["reversed_cells", "shuffled_cells", "moved_to_other_marks"])
def test_the_lessons_code_comes_back_into_its_order(name: str) -> None:
    notebook, _ = mended(damaged(name, answered()))
    assert code_part(notebook) == code_part(mended(as_bytes(answered()))[0])


def test_what_is_deleted_comes_back_where_it_stood() -> None:
    notebook, _ = mended(damaged("deleted_imports", answered()))
    assert code_part(notebook) == code_part(mended(as_bytes(answered()))[0])
    raw = answered()
    raw["cells"] = [cell for cell in raw["cells"] if cell["id"] not in GRADED]
    notebook, repairs = mended(as_bytes(raw))
    assert [name for name, *_ in graded_part(notebook)] == GRADED
    assert sum("was missing" in line for line in repairs) == len(GRADED)


def test_a_russian_notebook_gets_its_own_set_up_back() -> None:
    raw = answered(language="ru")
    first = next(cell for cell in raw["cells"] if cell["cell_type"] == "code")
    raw["cells"].remove(first)
    notebook, _ = mended(as_bytes(raw))
    assert code_part(notebook)[0] == first["source"]


def test_a_students_own_cells_stay_where_they_are() -> None:
    raw = answered()
    own = {"cell_type": "code", "metadata": {}, "id": "mine", "source": "helper = 1"}
    raw["cells"].insert(place_of(raw, "exercise-pool"), own)
    expected = [cell["source"] for cell in raw["cells"]]
    check = raw["cells"].pop(place_of(raw, "check-pool"))
    raw["cells"].insert(place_of(raw, "exercise-pool"), check)
    notebook, repairs = mended(as_bytes(raw))
    assert [cell.source for cell in notebook.cells] == expected
    assert repairs == ["moved back into the lesson's order: check-pool"]


def test_a_left_out_quiz_cell_is_an_open_question() -> None:
    raw = answered()
    raw["cells"].remove(cell_of(raw, "quiz-4"))
    notebook, repairs = mended(as_bytes(raw))
    released = {graded.grade_id: graded.source for graded in released_cells(LESSON)}
    sources = {name: source for name, source, _ in graded_part(notebook)}
    assert sources["quiz-4"] == released["quiz-4"]
    assert repairs == ["quiz-4: the cell was missing; put back as released"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "JSON"),
        (b"PK\x03\x04 a zip archive", "JSON"),
        ("тетрадь".encode("cp1251"), "is not text"),
        (as_bytes(answered())[:-200], "breaks off or is wrong in line"),
        (as_bytes(answered())[:100], "breaks off or is wrong in line"),
        (b"[1, 2]", "JSON of another kind"),
        (b"null", "JSON of another kind"),
        (b'"cells"', "JSON of another kind"),
        (b"3", "JSON of another kind"),
        (b"{}", "JSON of another kind"),
        (b'{"cells": {}}', "JSON of another kind"),
        (b'{"cells": null, "nbformat": 4}', "JSON of another kind"),
        (b'{"worksheets": [3], "nbformat": 3}', "cannot be converted"),
        (b'{"worksheets": [], "nbformat": "x"}', "cannot be converted"),
        (b"[" * 100_000, "cannot be read"),
        (b'{"cells": ' + b'{"a":' * 100_000, "cannot be read"),
        (b'{"cells": [' + b"9" * 10_000 + b"]}", "cannot be read"),
    ],
    ids=range(18),
)
def test_what_is_no_notebook_is_refused_in_a_line(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason) as refused:
        repair(content, released_code(LESSON))
    assert "\n" not in str(refused.value)


def test_a_notebook_without_cells_is_graded_as_empty() -> None:
    notebook, repairs = mended(b'{"cells": [], "nbformat": 4, "nbformat_minor": 5}')
    assert [name for name, *_ in graded_part(notebook)] == GRADED
    assert len(repairs) >= len(GRADED)


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_never_raises(seed: int) -> None:
    """Values anywhere in the file are replaced by others of any kind."""
    chance = random.Random(seed)
    junk = [None, True, -1, 1e308, "", "\ud800", [], {}, [[]], {"cells": 1}, "check-pool", 10**30]

    def spoil(node):
        if chance.random() < 0.02:
            return chance.choice(junk)
        if isinstance(node, dict):
            return {key: spoil(value) for key, value in node.items()}
        return [spoil(value) for value in node] if isinstance(node, list) else node

    try:
        notebook, _ = mended(json.dumps(spoil(answered())).encode())
    except UnreadableError:
        return
    assert [name for name, *_ in graded_part(notebook)] == GRADED
