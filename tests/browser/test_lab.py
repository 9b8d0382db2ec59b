"""What a student sees in JupyterLab."""

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

from gradekit.course import KERNELSPEC
from tests.browser.conftest import Lab

pytestmark = pytest.mark.browser

KERNEL_IS_CONNECTED = """async url => (await (await fetch(url)).json())
    .some(kernel => kernel.connections > 0 && kernel.execution_state === "idle")"""
NOTHING_RUNS = """() => ![...document.querySelectorAll('.jp-InputPrompt')]
    .some(prompt => prompt.innerText.includes('*'))"""
ACTIVE_CELL_IS = """index => document.querySelector(
    `.jp-Cell.jp-mod-active[data-windowed-list-index="${index}"]`) !== null"""
FIRST_CHECK = 'check("freeze", freeze)'


def open_notebook(page: Page, lab: Lab, path: str) -> None:
    page.goto(lab.url(f"lab/tree/{path}"))
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.wait_for_function(KERNEL_IS_CONNECTED, arg=lab.url("api/kernels"))
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()


def run_through(page: Page, source: str) -> None:
    """Press Shift+Enter from the first cell to the one with this source; wait for the kernel."""
    page.locator(".jp-Notebook .jp-Cell").first.click(position={"x": 20, "y": 12})
    page.keyboard.press("Escape")
    for index in range(100):
        page.wait_for_function(ACTIVE_CELL_IS, arg=index)
        active = page.locator(".jp-Cell.jp-mod-active").all_inner_texts()
        page.keyboard.press("Shift+Enter")
        if any(source in text for text in active):
            break
    else:
        raise AssertionError(f"no cell holds {source!r}")
    page.wait_for_function(ACTIVE_CELL_IS, arg=index + 1)
    page.wait_for_function(NOTHING_RUNS)


@pytest.mark.parametrize(
    ("language", "objective", "verdict"),
    [
        ("en", "After this lesson you will be able to", "freeze: not yet"),
        ("ru", "После этого урока вы сможете", "freeze: пока нет"),
    ],
)
def test_the_lesson_runs_to_its_first_exercise_without_a_warning(
    page: Page, lab: Lab, language: str, objective: str, verdict: str
) -> None:
    open_notebook(page, lab, f"{language}/02_feature_extraction.ipynb")
    run_through(page, FIRST_CHECK)
    expect(page.get_by_text(verdict)).to_be_visible()
    notebook = page.locator(".jp-Notebook")
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert "Warning" not in notebook.inner_text()
    notebook.locator(".jp-WindowedPanel-outer").first.evaluate("panel => panel.scrollTo(0, 0)")
    expect(page.get_by_text(objective)).to_be_visible()


def test_a_quiz_card_reacts_to_a_click(page: Page, lab: Lab) -> None:
    start = 'from lessonkit import begin, quiz\ncourse = begin("02", language="ru")'
    sources = (start, "quiz(1)", "last = 1")
    cells = [new_code_cell(source) for source in sources]
    write(new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC}), lab.folder / "quiz.ipynb")
    open_notebook(page, lab, "quiz.ipynb")
    run_through(page, "last = 1")
    expect(page.get_by_text("Что такое transfer learning?")).to_be_visible()
    page.get_by_role("button", name="B", exact=True).click()
    expect(page.get_by_text("B: верно")).to_be_visible()
    page.get_by_role("button", name="A", exact=True).click()
    expect(page.get_by_text("A: неверно")).to_be_visible()
