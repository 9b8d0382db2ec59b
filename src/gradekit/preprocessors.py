"""Steps that extend nbgrader's own: quizzes, feedback without hidden cases."""

import ast
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearSolutions as NbgraderClearSolutions
from nbgrader.preprocessors import NbGraderPreprocessor

from gradekit.keys import quiz_key

Resources = dict[str, Any]


class ClearSolutions(NbgraderClearSolutions):
    """nbgrader's step, which would also replace the answer line of a quiz cell by a stub."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        if is_quiz(cell):
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)


class GradeQuiz(NbGraderPreprocessor):
    """Mark graded questions from their answer line, without running it.

    Runs after nbgrader's SaveAutoGrades, which leaves such cells for a person to grade.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        where = resources["nbgrader"]
        place = (where["notebook"], where["assignment"], where["student"])
        with Gradebook(where["db_url"]) as gradebook:
            for cell in nb.cells:
                if (number := quiz_number(cell)) is not None:
                    self._record(gradebook, cell, number, place)
            gradebook.db.commit()
        return nb, resources

    @staticmethod
    def _record(
        gradebook: Gradebook, cell: NotebookNode, number: int, place: tuple[str, str, str]
    ) -> None:
        key = quiz_key(place[1])[number]
        answer = answer_in(cell.source, number)
        grade_id = cell.metadata.nbgrader["grade_id"]
        grade = gradebook.find_grade(grade_id, *place)
        grade.auto_score = grade.max_score if answer == key["correct"] else 0
        grade.needs_manual_grade = False
        comment = gradebook.find_comment(grade_id, *place)
        comment.auto_comment = explanation(key, answer)


class HideCases(NbGraderPreprocessor):
    """Leave no hidden case in what students get back: only the last line of an error stays.

    Runs in feedback after nbgrader's ClearHiddenTests, which removes the sources alone; a
    traceback would still quote them.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, _cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade"):
            for output in cell.outputs:
                if output.output_type == "error":
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources


def is_quiz(cell: NotebookNode) -> bool:
    """Tell whether a cell holds a question's answer line."""
    return bool(cell.metadata.get("course", {}).get("quiz"))


def quiz_number(cell: NotebookNode) -> int | None:
    """Return the number of the graded question that a cell answers, by its grade id."""
    marks = cell.metadata.get("nbgrader", {})
    name, _, number = str(marks.get("grade_id", "")).partition("-")
    return int(number) if name == "quiz" and number.isdigit() and marks.get("grade") else None


def answer_in(source: str, number: int) -> str | None:
    """Return the letter that a quiz cell assigns to `answer_N`, or None.

    Only a plain string in exactly one assignment of its own counts; anything computed, nested or
    bound a second time does not.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    name = f"answer_{number}"
    named = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
    ]
    values = [
        node.value
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and _target(node) == name
    ]
    if len(named) != 1 or len(values) != 1 or not isinstance(values[0], ast.Constant):
        return None
    value = values[0].value
    return value.strip().upper() if isinstance(value, str) else None


def _target(node: ast.Assign | ast.AnnAssign) -> str | None:
    """Return the name that a plain assignment binds, and nothing beside it."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None


def explanation(key: dict, answer: str | None) -> str:
    """Return what feedback says about an answer, in both languages."""
    if answer not in key["why"]:
        return "No answer was given. / Ответа нет."
    why = key["why"][answer]
    return f"{answer}: {why['en']} / {why['ru']}"
