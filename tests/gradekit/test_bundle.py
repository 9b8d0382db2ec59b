"""The bundle: all that students need, and nothing of the instructor's side."""

import subprocess
from pathlib import Path

import pytest

from gradekit.bundle import write_bundle
from gradekit.course import CourseError, lesson_names, source_file
from gradekit.keys import hidden_seed, quiz_key
from gradekit.sources import read_lesson, solution_blocks


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    write_bundle(folder)
    return folder


@pytest.fixture(scope="module")
def text(bundle: Path) -> str:
    """Everything in the bundle, one line after the other, without indentation."""
    files = [path for path in bundle.rglob("*") if path.is_file()]
    lines = (line.strip() for path in files for line in readable(path).splitlines())
    return "\n".join(line for line in lines if line)


def readable(path: Path) -> str:
    return (
        path.read_bytes().decode("utf-8", errors="replace").replace('\\n",', "").replace('\\"', '"')
    )


def test_it_has_what_students_need(bundle: Path) -> None:
    for name in (
        "README.md",
        "Makefile",
        "LICENSE",
        "environment.yml",
        "tools/setup_environment.py",
        "data/models.toml",
        "data/guard/train.jsonl",
        "src/lessonkit/__init__.py",
        *(
            f"notebooks/{language}/{lesson}.ipynb"
            for language in ("en", "ru")
            for lesson in lesson_names()
        ),
    ):
        assert (bundle / name).is_file(), name


def test_it_has_nothing_of_the_instructors_side(bundle: Path) -> None:
    folders = {path.name for path in bundle.rglob("*") if path.is_dir()}
    assert not folders & {"grading", "gradekit", "tests", "answers", "keys", "sample_class", ".ci"}


@pytest.mark.parametrize("lesson", lesson_names())
def test_it_holds_no_solution_hidden_case_or_key(lesson: str, text: str) -> None:
    for cell in read_lesson(source_file(lesson)).cells:
        if cell.exercise:
            assert str(hidden_seed(cell.exercise)) not in text
            assert not any(block in text for block in solution_blocks(cell))
    for entry in quiz_key(lesson).values():
        for explanation in entry["why"].values():
            assert explanation["en"] not in text
            assert explanation["ru"] not in text


def test_the_search_would_find_a_solution(bundle: Path, tmp_path: Path) -> None:
    block = solution_blocks(
        next(c for c in read_lesson(source_file("02_feature_extraction")).cells if c.exercise)
    )[0]
    leak = tmp_path / "leak.ipynb"
    leak.write_text(
        '"source": [\n' + "".join(f'    "  {line}\\n",\n' for line in block.split("\n")) + "]"
    )
    lines = (line.strip().strip('"').strip() for line in readable(leak).splitlines())
    assert block in "\n".join(lines)


def test_the_instructors_parts_of_shared_files_are_left_out(bundle: Path) -> None:
    for name in ("Makefile", "README.md", "pyproject.toml", "environment.yml"):
        content = (bundle / name).read_text(encoding="utf-8")
        assert "instructors" not in content
        assert "nbgrader" not in content, name


def test_make_works_in_the_bundle(bundle: Path) -> None:
    listed = subprocess.run(["make"], cwd=bundle, capture_output=True, text=True, check=True).stdout
    assert "lab" in listed
    assert "autograde" not in listed


def test_a_folder_with_content_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(CourseError, match="is not empty"):
        write_bundle(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
