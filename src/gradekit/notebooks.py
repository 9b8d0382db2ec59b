"""Building notebooks from a master: the instructor's, the solved one, and what students open."""

import hashlib
from collections import Counter
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader import preprocessors
from traitlets.config import Config

from gradekit.course import KERNELSPEC, NOTEBOOKS, CourseError, lesson_names, source_file
from gradekit.guards import answer_source, find_problems
from gradekit.keys import hidden_seed, quiz_key
from gradekit.preprocessors import ClearSolutions
from gradekit.repository import colab_badge, setup_source
from gradekit.sources import Cell, Lesson, read_lesson, solution_blocks, solved_source
from lessonkit.messages import LANGUAGES
from lessonkit.questions import load_questions

NEXT = {"en": "Next lesson", "ru": "Следующий урок"}
RELEASE_STEPS = (
    preprocessors.LockCells,
    ClearSolutions,
    preprocessors.ClearOutput,
    preprocessors.CheckCellMetadata,
    preprocessors.ClearHiddenTests,
    preprocessors.ComputeChecksums,
    preprocessors.CheckCellMetadata,
)


def load_lesson(name: str) -> Lesson:
    """Read a lesson's master and make sure that it keeps to the rules.

    Raises:
        CourseError: a guard found something; the text lists it all.
    """
    lesson = read_lesson(source_file(name))
    if problems := find_problems(lesson):
        raise CourseError("\n".join(problems))
    return lesson


def source_notebook(lesson: Lesson, language: str = "en") -> NotebookNode:
    """Return the instructor's notebook, as nbgrader's `source` step wants it.

    Solutions stand between markers, checks carry their hidden cases, quiz lines are empty.
    """
    cells = [_graded_cell(lesson, cell) for cell in _cells_in(lesson, language)]
    return _notebook(lesson, language, cells)


def solved_notebook(lesson: Lesson, language: str = "en") -> NotebookNode:
    """Return the notebook with every solution in place and every question answered."""
    cells = []
    for cell in _cells_in(lesson, language):
        node = _graded_cell(lesson, cell)
        if cell.exercise:
            node.source = solved_source(cell)
        elif cell.quiz is not None:
            node.source = _quiz_source(lesson, cell.quiz, _correct_answer(lesson, cell.quiz))
        elif cell.check:
            node.source = cell.source
        cells.append(node)
    return _notebook(lesson, language, cells)


def student_notebook(lesson: Lesson, language: str) -> NotebookNode:
    """Return what students open: nbgrader's release of the instructor's notebook.

    Raises:
        CourseError: a solution or a hidden case would have reached the students.
    """
    notebook, resources = source_notebook(lesson, language), {}
    for step in RELEASE_STEPS:
        notebook, resources = step(config=Config()).preprocess(notebook, resources)
    _refuse_leaks(lesson, notebook)
    return notebook


def student_files() -> dict[Path, str]:
    """Return every file that belongs under `notebooks/`, with its text."""
    files = {}
    for name in lesson_names():
        lesson = load_lesson(name)
        for language in LANGUAGES:
            notebook = student_notebook(lesson, language)
            files[NOTEBOOKS / language / f"{name}.ipynb"] = notebook_text(notebook)
    return files


def write_student_files() -> list[Path]:
    """Rebuild `notebooks/`, remove what does not belong there, and return what changed."""
    wanted, changed = student_files(), []
    for path in stray_files(wanted):
        path.unlink()
        changed.append(path)
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def stray_files(wanted: dict[Path, str]) -> list[Path]:
    """Return the notebooks under `notebooks/` that no master gives."""
    return [
        path
        for path in sorted(NOTEBOOKS.rglob("*.ipynb"))
        if path not in wanted and ".ipynb_checkpoints" not in path.parts
    ]


def notebook_text(notebook: NotebookNode) -> str:
    """Return a notebook as text that is the same on every machine."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook, indent=1, ensure_ascii=False) + "\n"


def next_lesson_link(name: str, language: str) -> str:
    """Return the link to the lesson after this one; empty after the last."""
    later = [other for other in lesson_names() if other > name]
    if not later:
        return ""
    prose = (cell for cell in read_lesson(source_file(later[0])).cells if cell.lang == language)
    title = next(prose).source.split("\n")[0].lstrip("# ")
    return f"{NEXT[language]}: [{title}]({later[0]}.ipynb)"


def _cells_in(lesson: Lesson, language: str) -> list[Cell]:
    return [cell for cell in lesson.cells if cell.lang in (None, language)]


def _graded_cell(lesson: Lesson, cell: Cell) -> NotebookNode:
    """Turn a master's cell into a notebook cell with nbgrader's metadata."""
    if cell.kind == "markdown":
        return new_markdown_cell(cell.source)
    if cell.exercise:
        return _nbgrader_cell(cell.source, f"exercise-{cell.exercise}", solution=True)
    if cell.check:
        source = f"{cell.source}\n{_hidden_case(cell.check, cell.points)}"
        return _nbgrader_cell(source, f"check-{cell.check}", grade=True, points=cell.points)
    if cell.quiz is not None:
        source = _quiz_source(lesson, cell.quiz)
        if not cell.points:
            return new_code_cell(source, metadata=_quiz_form())
        node = _nbgrader_cell(
            source, f"quiz-{cell.quiz}", grade=True, solution=True, points=cell.points
        )
        node.metadata.update(_quiz_form())
        return node
    return new_code_cell(cell.source)


def _nbgrader_cell(
    source: str, grade_id: str, *, grade: bool = False, solution: bool = False, points: float = 0
) -> NotebookNode:
    marks = {
        "grade": grade,
        "grade_id": grade_id,
        "locked": grade and not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if grade:
        marks["points"] = points
    return new_code_cell(source, metadata={"nbgrader": marks})


def _hidden_case(exercise: str, points: float) -> str:
    call = f'check("{exercise}", {exercise}, seed={hidden_seed(exercise)}, points={points:g})'
    return f"### BEGIN HIDDEN TESTS\n{call}\n### END HIDDEN TESTS"


def _quiz_form() -> dict:
    """Metadata by which Colab shows the cell as a form, and clearing keeps its line."""
    return {"cellView": "form", "course": {"quiz": True}}


def _quiz_source(lesson: Lesson, number: int, answer: str = "") -> str:
    return answer_source(number, list(load_questions(lesson.number)[number].options), answer)


def _correct_answer(lesson: Lesson, number: int) -> str:
    question = load_questions(lesson.number)[number]
    return question.correct or quiz_key(lesson.name)[number]["correct"]


def _notebook(lesson: Lesson, language: str, cells: list[NotebookNode]) -> NotebookNode:
    """Join cells: badge on the title, set-up cell below it, a link onward at the end."""
    title, *rest = cells
    if link := next_lesson_link(lesson.name, language):
        rest.append(new_markdown_cell(link))
    if badge := colab_badge(lesson.name, language):
        title.source = f"{badge}\n\n{title.source}"
    cells = [title, new_code_cell(setup_source(lesson.number, language)), *rest]
    _number_cells(cells)
    notebook = new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict(
        {
            "colab": {"provenance": [], "toc_visible": True},
            "kernelspec": KERNELSPEC,
            "language_info": {"name": "python"},
        }
    )
    return notebook


def _number_cells(cells: list[NotebookNode]) -> None:
    """Give each cell an id that depends on its content alone, so that rebuilds agree."""
    seen: Counter[str] = Counter()
    for cell in cells:
        marks = cell.metadata.get("nbgrader")
        name = marks["grade_id"] if marks else hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        seen[name] += 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"


def _refuse_leaks(lesson: Lesson, notebook: NotebookNode) -> None:
    """Stop if a line of a solution, a hidden seed or a key stands in a student's notebook."""
    lines = [line.strip() for cell in notebook.cells for line in cell.source.split("\n")]
    text = "\n".join(line for line in lines if line)
    for cell in lesson.cells:
        if cell.exercise is None:
            continue
        for block in solution_blocks(cell):
            if block in text:
                raise CourseError(f"{lesson.name}: the solution «{block[:60]}» would be released")
        if str(hidden_seed(cell.exercise)) in text or "HIDDEN TESTS" in text:
            raise CourseError(
                f"{lesson.name}: a hidden case of {cell.exercise!r} would be released"
            )
