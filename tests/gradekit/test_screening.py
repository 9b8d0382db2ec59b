"""Screening names what only an attack needs, and nothing in honest answers."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gradekit.answers import Answer, answers_of
from gradekit.course import lesson_names
from gradekit.screening import MOST_FINDINGS, screen

BANK = [answer for lesson in lesson_names() for answer in answers_of(lesson)]


def lines(*sources: str, released: frozenset[str] = frozenset()) -> list[str]:
    return screen(new_notebook(cells=[new_code_cell(source) for source in sources]), released)


@pytest.mark.parametrize("answer", BANK, ids=lambda a: f"{a.exercise}/{a.name}")
def test_no_answer_of_the_bank_is_suspicious(answer: Answer) -> None:
    assert lines(answer.source) == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import ctypes", "imports ctypes, which reaches into memory"),
        ("from socket import create_connection", "imports socket, which opens connections"),
        ("import lessonkit.checks.core as core", "imports lessonkit.checks.core"),
        ("from lessonkit.capstone.planning import plan", "imports lessonkit.capstone.planning"),
        ("torch.equal = lambda *_: True", "assigns to torch.equal"),
        ("setattr(torch, 'equal', 1)", "sets an attribute of torch"),
        ("del json.dumps", "assigns to json.dumps"),
        ("import os; os._exit(0)", "uses os._exit"),
        ("import sys; sys.modules['torch'] = 1", "uses sys.modules"),
        ("eval('1')", "calls eval"),
        ("get_ipython().events.register('x', print)", "uses get_ipython().events.register"),
        ("shell.ast_transformers.append(x)", "uses shell.ast_transformers"),
        ("f.__code__ = g.__code__", "uses f.__code__"),
        ("!rm -rf /", "runs a shell line: !rm -rf /"),
        ("raise KeyboardInterrupt", "raises KeyboardInterrupt"),
        ("raise SystemExit(0)", "raises SystemExit"),
        ("print('\\ud800')", "writes halves of letters, which no file can hold"),
        (
            "class A(torch.Tensor):\n    def __torch_function__(cls): pass",
            "class A defines __torch_function__",
        ),
    ],
)
def test_telling_code_is_named(source: str, line: str) -> None:
    assert line in lines(source)


@pytest.mark.parametrize(
    "source",
    [
        "import sys; print(sys.version)",
        "%matplotlib inline",
        "import gc; gc.collect()",
        "model.eval()",
        "def f(: not Python",
        "(" * 100_000,
        "x = '\0'",
    ],
)
def test_harmless_or_unreadable_code_is_not(source: str) -> None:
    assert lines(source) == []


def test_released_cells_and_prose_are_not_looked_at() -> None:
    source = "import ctypes"
    assert lines(source, released=frozenset([source])) == []
    assert screen(new_notebook(cells=[new_markdown_cell(source)]), frozenset()) == []


def test_the_list_is_bounded() -> None:
    source = "\n".join(f"torch.f{i} = 1" for i in range(1000))
    assert len(lines(source)) == MOST_FINDINGS
