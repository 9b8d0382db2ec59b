"""Cleaning notebooks: what stays, what goes, and that nothing takes long or fails."""

import base64
import io
import re
import time

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from gradekit import sanitize
from gradekit.course import NOTEBOOKS, lesson_names
from gradekit.notebooks import load_lesson, solved_notebook
from gradekit.sanitize import TAGS, safe_html, safe_markdown, sanitize_outputs
from lessonkit.cards import Card
from lessonkit.plots import text_map
from tests.gradekit.hostile_notebook import (
    PIXEL,
    hostile_notebook,
    html_payloads,
    markdown_payloads,
)


def shown(*outputs: dict) -> list[dict]:
    """Return what is left of a cell's outputs."""
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[from_dict(o) for o in outputs])])
    sanitize_outputs(notebook)
    return notebook.cells[0].outputs


def display(data: dict, metadata: dict | None = None) -> dict:
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


@pytest.mark.parametrize("lesson", lesson_names())
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_courses_own_notebooks_stay_as_they_are(lesson: str, language: str) -> None:
    for notebook in (
        nbformat.read(NOTEBOOKS / language / f"{lesson}.ipynb", as_version=4),
        solved_notebook(load_lesson(lesson), language),
    ):
        before = [(cell.id, cell.source, cell.get("outputs")) for cell in notebook.cells]
        marks = [cell.metadata.get("nbgrader") for cell in notebook.cells]
        assert sanitize_outputs(notebook) == []
        assert [(cell.id, cell.source, cell.get("outputs")) for cell in notebook.cells] == before
        assert [cell.metadata.get("nbgrader") for cell in notebook.cells] == marks
        nbformat.validate(notebook)


def test_cards_and_maps_of_the_lessons_stay() -> None:
    card = Card("bad", "pool: not yet", "Take `[:, 0]`, not `[0]`.")._repr_html_()
    assert safe_html(card) == card
    dots = safe_html(text_map([[0, 1], [2, 3]], ["one", "two"], ["x", "y"]).data)
    assert dots.count("position:absolute") == 2
    assert 'title="x: one"' in dots


def test_text_errors_and_true_images_stay() -> None:
    picture = io.BytesIO()
    Image.new("RGB", (3, 3)).save(picture, "JPEG")
    jpeg = base64.b64encode(picture.getvalue()).decode()
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "a < b\n"},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["line"]},
        display({"text/plain": "tensor([1])"}),
        display({"image/png": PIXEL}, {"image/png": {"width": 40, "height": 30}}),
        display({"image/jpeg": jpeg}),
    ]
    assert shown(*outputs) == outputs


def test_a_widget_goes_without_a_line() -> None:
    view = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "VBox(children=(HTML()))"}
    notebook = new_notebook(cells=[new_code_cell("", outputs=[new_output("display_data", view)])])
    assert sanitize_outputs(notebook) == []
    assert notebook.cells[0].outputs == []


def test_a_table_of_pandas_stays_without_a_line() -> None:
    html = pd.DataFrame({"a": [1.5]}, index=["x"])._repr_html_()
    notebook = new_notebook(cells=[new_code_cell("", outputs=[])])
    notebook.cells[0].outputs = [new_output("execute_result", {"text/html": html})]
    assert sanitize_outputs(notebook) == []
    kept = notebook.cells[0].outputs[0].data["text/html"]
    assert 'class="dataframe"' in kept
    assert "<style" not in kept


def test_what_was_removed_is_named() -> None:
    cells = [
        new_markdown_cell("# Title\n\n<iframe src='x'></iframe>"),
        new_code_cell("", outputs=[new_output("display_data", {"application/javascript": "1"})]),
        new_code_cell("", outputs=[new_output("display_data", {"image/png": "AAAA"})]),
        new_code_cell("", outputs=[new_output("display_data", {"text/html": "<p onclick=x>"})]),
    ]
    assert sanitize_outputs(new_notebook(cells=cells)) == [
        "cell 0: <iframe> removed from prose",
        "cell 1: application/javascript removed",
        "cell 2: image/png that is not such an image removed",
        "cell 3: an event handler removed from HTML",
    ]


def test_a_line_cannot_be_forged() -> None:
    data = {"text/x\ncell 9: all is well <b>": "x"}
    notebook = new_notebook(cells=[new_code_cell("", outputs=[])])
    notebook.cells[0].outputs = [from_dict(display(data))]
    assert sanitize_outputs(notebook) == ["cell 0: text/x?cell 9? all is well ?b? removed"]


def troubles(html: str) -> list[str]:
    """Return what in HTML could run or load something."""
    found = []
    for tag in BeautifulSoup(html, "html.parser").find_all(True):
        if tag.name not in TAGS:
            found.append(f"<{tag.name}>")
        for name, value in tag.attrs.items():
            if name == "href" and not re.match("https?://|mailto:", value):
                found.append(f"href={value}")
            if name == "src" and not value.startswith("data:image/png;base64,"):
                found.append(f"src={value}")
            if name not in ("href", "src", "title", "style", "class", "open", "rel", "alt"):
                found.append(name)
            if name == "style" and re.search("url|fixed", value):
                found.append(value)
    return found


@pytest.mark.parametrize("payload", html_payloads("x"))
def test_html_that_runs_something_does_not_stay(payload: str) -> None:
    assert troubles(payload) or payload.startswith("<!-->"), "the test sees no attack"
    assert troubles(safe_html(payload)) == []


@pytest.mark.parametrize("payload", markdown_payloads("x"))
def test_prose_is_clean_in_the_notebook_and_on_the_page(payload: str) -> None:
    assert troubles(safe_markdown({}, payload)) == []
    assert troubles(safe_markdown({}, clean_source(payload))) == []
    assert "<script" not in clean_source(payload)


def test_an_attribute_goes_if_its_filter_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: str) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(sanitize, "_attribute", fail)
    assert safe_html('<p style="position:fixed" title="x">x</p>') == "<p>x</p>"


def clean_source(text: str) -> str:
    notebook = new_notebook(cells=[new_markdown_cell(text)])
    sanitize_outputs(notebook)
    return notebook.cells[0].source


@pytest.mark.parametrize(
    "text",
    [
        "**bold** `code < 3` and $a < b$, see <https://example.org/a?b=c>",
        "<details><summary>Hint</summary>\n\nText\n\n</details>",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "[link](https://example.org), [lesson](03_lora.ipynb), [below](#top)",
        "if a <b and c> d: 1<2",
    ],
)
def test_ordinary_prose_keeps_its_form(text: str) -> None:
    assert clean_source(text) == text or "<b and" in text
    assert "<p>" in safe_markdown({}, text) or "<table>" in safe_markdown({}, text)


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color:red;position:fixed", "color:red"),
        ("POSITION: absolute; z-index: 9", "position:absolute"),
        ("margin-top:-40em;padding:1px 2px", "padding:1px 2px"),
        ("background:url(http://x)", ""),
        ("background:u\\72l(x);width:expression(1)", ""),
        ("color:rgb(1,2,3)", "color:rgb(1,2,3)"),
        ("border:1px solid #ddd", "border:1px solid #ddd"),
    ],
)
def test_styles_stay_within_their_output(style: str, kept: str) -> None:
    clean = safe_html(f'<p style="{style}">x</p>')
    assert (f'style="{kept}"' if kept else "<p>") in clean


def test_placed_things_cannot_leave_their_output() -> None:
    clean = safe_html('<div style="position:absolute;top:0;width:9999px">Score: 20</div>')
    assert clean.startswith('<div style="position:relative;overflow:auto;max-height:60em">')


def test_a_hostile_notebook_is_valid_afterwards() -> None:
    notebook = hostile_notebook(new_notebook(cells=[]))
    removed = sanitize_outputs(notebook)
    assert len(removed) > 40
    nbformat.validate(notebook)
    text = nbformat.writes(notebook)
    assert "text/html" in text
    for key in ("widget", "svg+xml", "application/javascript", "magics_language", "filenames"):
        assert f'"{key}' not in text


@pytest.mark.parametrize("cells", [None, "x", [None, 3, {}, {"cell_type": "code", "outputs": 7}]])
def test_a_notebook_of_any_form_is_taken(cells: object) -> None:
    notebook = from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": [], "cells": cells})
    sanitize_outputs(notebook)
    assert isinstance(notebook.cells, list)


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 200_000,
        "<div></b>" * 100_000,
        "<i><p>" * 100_000,
        "<table><tr><td>" * 60_000,
        "\\begin{a}" * 10_000,
        "\\\\[" * 30_000,
        "$" * 100_000,
        "[" * 100_000,
        ">" * 100_000,
        "_*" * 50_000,
        "<" * 100_000,
        "![a](" * 20_000,
    ],
    ids=lambda text: text[:10],
)
def test_nothing_takes_long(text: str) -> None:
    start = time.process_time()
    safe_html(text)
    safe_markdown({}, text)
    clean_source(text)
    assert time.process_time() - start < 4


def test_an_image_from_elsewhere_becomes_its_description() -> None:
    page = safe_html('<a href="https://x.org"><img src="https://x.org/b.svg" alt="a > <b"></a>')
    assert page == '<a href="https://x.org" rel="noopener noreferrer">[a &gt; &lt;b]</a>'
    assert safe_html(f'<img src="data:image/png;base64,{PIXEL}" alt="x">').count("<img") == 1


def test_halves_of_letters_go_with_a_line() -> None:
    outputs = [
        new_output("stream", text="a\ud800b"),
        from_dict(display({"text/html": "<b>\udfff</b>"})),
        new_output("error", ename="E", evalue="\ud800", traceback=["E: \ud800"]),
    ]
    notebook = new_notebook(cells=[new_code_cell("x", outputs=outputs)])
    assert sanitize_outputs(notebook) == [
        "cell 0: halves of letters, which no file can hold, removed"
    ]
    left = notebook.cells[0].outputs
    assert left[0].text == "a?b"
    assert left[1].data["text/html"] == "<b>?</b>"
    assert left[2].traceback == ["E: ?"]
    nbformat.writes(notebook).encode()
