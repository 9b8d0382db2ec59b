"""Late policy, quiz answers read from source, and feedback that quotes no hidden case."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from gradekit.late import late_penalty
from gradekit.preprocessors import HideCases, answer_in, quiz_number

DAY = 24 * 3600


@pytest.mark.parametrize(
    ("seconds", "penalty"),
    [(-5, 0), (0, 0), (1, 2), (DAY, 2), (DAY + 1, 4), (4 * DAY, 8), (30 * DAY, 10)],
)
def test_each_day_begun_costs_a_share_up_to_the_limit(seconds: float, penalty: float) -> None:
    assert late_penalty(20, seconds, share_per_day=0.1, most=0.5) == penalty


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ('answer_4 = "B"  # @param ["", "A"]\nquiz(4, answer_4)', "B"),
        ("answer_4 = 'b'", "B"),
        ('answer_4: str = " C "', "C"),
        ('answer_4 = ""', ""),
        ('answer_5 = "B"', None),
        ("answer_4 = 2", None),
        ('answer_4 = open("key").read()', None),
        ('answer_4 = "A" if True else "B"', None),
        ('answer_4 = "A"\nanswer_4 = "B"', None),
        ('answer_4 = "A"\nif (answer_4 := "B"): pass', None),
        ('answer_4 = "A"\nanswer_4 += ""', None),
        ('answer_4, x = "A", "B"', None),
        ("answer_4 = ", None),
        ("", None),
    ],
)
def test_only_a_plain_letter_assigned_once_counts(source: str, answer: str | None) -> None:
    assert answer_in(source, 4) == answer


def test_quiz_cells_are_known_by_their_grade_id() -> None:
    def cell(**marks: object):
        return new_code_cell("", metadata={"nbgrader": marks})

    assert quiz_number(cell(grade_id="quiz-4", grade=True)) == 4
    assert quiz_number(cell(grade_id="quiz-4", grade=False)) is None
    assert quiz_number(cell(grade_id="check-pool", grade=True)) is None
    assert quiz_number(new_code_cell("")) is None


def test_feedback_keeps_only_the_last_line_of_an_error() -> None:
    error = new_output(
        "error", ename="NameError", evalue="no pool", traceback=["check('pool', pool, seed=577215)"]
    )
    graded = new_code_cell("", metadata={"nbgrader": {"grade": True}}, outputs=[error])
    own = new_code_cell("", outputs=[error.copy()])
    notebook, _ = HideCases().preprocess(new_notebook(cells=[graded, own]), {})
    assert notebook.cells[0].outputs[0].traceback == ["NameError: no pool"]
    assert notebook.cells[1].outputs[0].traceback == error["traceback"] or "577215" in str(own)
