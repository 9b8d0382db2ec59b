"""What a lesson's run reports: points, errors, noise, broken limits."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from gradekit.run import CellRun, LessonRun, report, run_notebook, save

LESSON = "02_feature_extraction"


def graded(source: str, grade_id: str, points: float, *, solution: bool = False):
    marks = {"grade": True, "solution": solution, "locked": not solution, "task": False}
    marks |= {"grade_id": grade_id, "points": points, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": marks})


@pytest.fixture(scope="module")
def run() -> LessonRun:
    cells = [
        new_code_cell("import sys\nprint('fine')"),
        new_code_cell("1 / 0"),
        new_code_cell("print('a warning', file=sys.stderr)"),
        new_code_cell("print(' 50%|#####     | 1/2', file=sys.stderr)"),
        graded("pass", "check-a", 3),
        graded("raise ValueError('wrong')", "check-b", 2),
        graded('answer_4 = "B"', "quiz-4", 2, solution=True),
    ]
    return run_notebook(new_notebook(cells=cells), LESSON)


@pytest.mark.lesson
def test_errors_and_noise_are_found(run: LessonRun) -> None:
    assert run.errors == [
        "cell 1: ZeroDivisionError: division by zero",
        "cell 5: ValueError: wrong",
    ]
    assert run.noise == ["cell 2: a warning"]


@pytest.mark.lesson
def test_points_are_counted_as_grading_would(run: LessonRun) -> None:
    assert [cell.points for cell in run.cells] == [None, None, None, None, 3, 0, 2]
    assert "score 5 of 7" in report(run, LESSON)


@pytest.mark.lesson
def test_the_executed_notebook_is_saved(run: LessonRun, tmp_path: Path) -> None:
    save(run, tmp_path / "new" / "lesson.ipynb")
    saved = nbformat.read(tmp_path / "new" / "lesson.ipynb", as_version=4)
    assert saved.cells[0].outputs[0].text == "fine\n"
    assert 0.02 < run.peak_gb < 0.5  # a kernel that imports nothing
    assert len(saved.cells) == 7


def test_broken_limits_are_named() -> None:
    cell = CellRun(7, "train()", 61.0, None, None, None, None)
    slow = LessonRun([cell], 181.0, 2.5, new_notebook())
    broken = "\n".join(slow.over_limits())
    assert "cell 7 took 61 s" in broken
    assert "the lesson took 181 s" in broken
    assert "2.5 GB" in broken
    quick = LessonRun([], 100.0, 1.0, new_notebook())
    assert quick.over_limits() == []
