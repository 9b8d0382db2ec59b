"""Built notebooks: up to date, one code for both languages, nothing students must not see."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from gradekit import notebooks
from gradekit.course import NOTEBOOKS, CourseError, lesson_names
from gradekit.keys import hidden_seed
from gradekit.notebooks import (
    load_lesson,
    notebook_text,
    solved_notebook,
    source_notebook,
    stray_files,
    student_files,
    student_notebook,
)
from gradekit.repository import address, release_tag
from gradekit.sources import Cell, Lesson
from lessonkit.messages import LANGUAGES

LESSONS = lesson_names()


def test_notebooks_are_what_the_masters_give() -> None:
    wanted = student_files()
    stale = [
        path.name for path, text in wanted.items() if not path.exists() or path.read_text() != text
    ]
    assert stale == [], "run `make notebooks`"
    assert stray_files(wanted) == []


def test_building_twice_gives_the_same_bytes() -> None:
    assert student_files() == student_files()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lesson", LESSONS)
class TestStudentNotebook:
    def test_holds_no_outputs_solutions_or_hidden_cases(self, lesson: str, language: str) -> None:
        notebook = student_notebook(load_lesson(lesson), language)
        text = notebook_text(notebook)
        assert "SOLUTION" not in text
        assert "HIDDEN" not in text
        for cell in notebook.cells:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None
            if cell.id.startswith("check-"):
                assert str(hidden_seed(cell.id.removeprefix("check-"))) not in text

    def test_each_exercise_is_a_stub(self, lesson: str, language: str) -> None:
        cells = student_notebook(load_lesson(lesson), language).cells
        stubs = [cell for cell in cells if cell.id.startswith("exercise-")]
        assert stubs
        assert all("raise NotImplementedError()" in cell.source for cell in stubs)

    def test_has_distinct_stable_ids(self, lesson: str, language: str) -> None:
        ids = [cell.id for cell in student_notebook(load_lesson(lesson), language).cells]
        assert len(ids) == len(set(ids))
        assert ids == [cell.id for cell in student_notebook(load_lesson(lesson), language).cells]

    def test_starts_with_the_badge_and_the_setup_cell(self, lesson: str, language: str) -> None:
        title, setup = student_notebook(load_lesson(lesson), language).cells[:2]
        repository = address().removeprefix("https://github.com/")
        assert (
            f"github/{repository}/blob/{release_tag()}/notebooks/{language}/{lesson}.ipynb"
            in title.source
        )
        assert f"--branch {release_tag()} {address()} course" in setup.source
        assert f'language="{language}"' in setup.source


@pytest.mark.parametrize("lesson", LESSONS)
def test_both_languages_have_the_same_code_and_grade_ids(lesson: str) -> None:
    english, russian = (student_notebook(load_lesson(lesson), lang) for lang in LANGUAGES)
    code = [[c for c in nb.cells if c.cell_type == "code"][1:] for nb in (english, russian)]
    assert [c.source for c in code[0]] == [c.source for c in code[1]]
    assert [c.metadata for c in code[0]] == [c.metadata for c in code[1]]
    assert not re.search("[а-яё]", notebook_text(english))


@pytest.mark.parametrize(
    ("language", "link"),
    [("en", "Next lesson: [Title of 2 parts](03_sound.ipynb)"),
     ("ru", "Следующий урок: [Название из 2 частей](03_sound.ipynb)")],
)  # fmt: skip
def test_a_lesson_links_to_the_next(
    language: str, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = Path(__file__).parent / "broken" / "sound.py"
    monkeypatch.setattr(notebooks, "lesson_names", lambda: ["02_feature_extraction", "03_sound"])
    monkeypatch.setattr(notebooks, "source_file", lambda _name: sound)
    assert notebooks.next_lesson_link("02_feature_extraction", language) == link
    assert notebooks.next_lesson_link("03_sound", language) == ""


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_source_notebook_carries_hidden_cases_and_solutions(lesson: str) -> None:
    cells = {cell.id: cell for cell in source_notebook(load_lesson(lesson)).cells}
    for name, cell in cells.items():
        if name.startswith("check-"):
            assert f"seed={hidden_seed(name.removeprefix('check-'))}" in cell.source
        if name.startswith("exercise-"):
            assert "### BEGIN SOLUTION" in cell.source


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_solved_notebook_answers_every_question(lesson: str) -> None:
    text = notebook_text(solved_notebook(load_lesson(lesson)))
    assert not re.search(r'answer_\d+ = \\"\\"', text)
    assert "NotImplementedError" not in text


def test_committed_notebooks_are_valid() -> None:
    for path in NOTEBOOKS.rglob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
        assert json.loads(path.read_text(encoding="utf-8"))["nbformat_minor"] >= 5


def test_a_solution_repeated_outside_its_markers_is_refused() -> None:
    exercise = Cell(
        "code",
        "def freeze(model):\n    ### BEGIN SOLUTION\n    return model.requires_grad_(False)\n"
        "    ### END SOLUTION\n",
        exercise="freeze",
    )
    leak = Cell("code", "def hint(model):\n    return model.requires_grad_(False)")
    lesson = Lesson("02_feature_extraction", (Cell("markdown", "# T", lang="en"), exercise, leak))
    with pytest.raises(CourseError, match="would be released"):
        student_notebook(lesson, "en")
