"""Whole lessons: they run clean in both languages, and a class is graded as expected."""

import csv
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from gradekit import cli, course
from gradekit.course import SAMPLE_CLASS, lesson_names
from gradekit.keys import hidden_seed
from gradekit.run import run_lesson
from gradekit.sample import EXPECTED, sample_files
from lessonkit.messages import LANGUAGES

LESSONS = lesson_names()
PARTIAL_HINT = {  # what the page of a partly wrong submission must say
    "01_pretraining_objectives": "The logits are multiplied by the temperature.",
    "02_feature_extraction": "dropout is on again",
    "03_full_fine_tuning": "it is known only when the",
    "04_lora": "B must start at zero",
    "05_provenance_checks": "is a symbolic link and is not reported",
}


@pytest.mark.lesson
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_solved_lesson_runs_clean(
    lesson: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESSON_PROFILE", "grading")
    run = run_lesson(lesson, language)
    assert run.errors == []
    assert run.noise == []
    assert (
        sum(cell.points or 0 for cell in run.cells)
        == sum(cell.out_of or 0 for cell in run.cells)
        == 20
    )


def test_the_sample_class_is_what_its_description_gives() -> None:
    wanted = sample_files()
    stale = [
        str(path) for path, data in wanted.items() if not path.exists() or path.read_bytes() != data
    ]
    assert stale == [], "run `make sample-class`"
    kept = {
        path for path in SAMPLE_CLASS.rglob("*") if path.is_file() and path.parent != SAMPLE_CLASS
    }
    assert kept == set(wanted)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course of its own, in which each lesson's sample class has been graded through the CLI."""
    root = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADEKIT_COURSE", str(root))
        for lesson in LESSONS:
            for command in ("release", "autograde", "feedback", "grades"):
                assert cli.main([command, lesson]) == 0
        yield root


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.lesson
@pytest.mark.parametrize("lesson", LESSONS)
def test_each_sample_submission_gets_its_expected_score(graded: Path, lesson: str) -> None:
    expected = {row["student"]: row for row in rows_of(EXPECTED) if row["lesson"] == lesson}
    found = {row["student"]: row for row in rows_of(graded / f"grades_{lesson}.csv")}
    assert found.keys() == expected.keys()
    for student, row in expected.items():
        for column in ("points", "penalty", "score"):
            assert float(found[student][column]) == float(row[column]), (student, column)


@pytest.mark.lesson
def test_the_damaged_submission_gets_a_clear_line(graded: Path) -> None:
    rows = rows_of(graded / "grades_02_feature_extraction.csv")
    remarks = {row["student"]: row["remark"] for row in rows if row["remark"]}
    assert list(remarks) == ["fay-damaged"]
    assert "its JSON breaks off" in remarks["fay-damaged"]


@pytest.mark.lesson
@pytest.mark.parametrize("lesson", LESSONS)
def test_feedback_shows_hints_and_no_hidden_case(graded: Path, lesson: str) -> None:
    pages = {
        path.parts[-3]: path.read_text(encoding="utf-8")
        for path in (graded / "feedback").glob(f"*/{lesson}/*.html")
    }
    assert {"ana-whole", "chen-partial"} <= pages.keys()
    checks = [cell.check for cell in course_checks(lesson)]
    for page in pages.values():
        assert "HIDDEN" not in page
        assert not any(str(hidden_seed(check)) in page for check in checks)
    assert PARTIAL_HINT[lesson] in pages["chen-partial"]


def course_checks(lesson: str):
    from gradekit.sources import read_lesson

    return [cell for cell in read_lesson(course.source_file(lesson)).cells if cell.check]


@pytest.mark.lesson
@pytest.mark.parametrize("lesson", LESSONS)
def test_nbgraders_release_is_the_students_notebook(graded: Path, lesson: str) -> None:
    released = nbformat.read(graded / "release" / lesson / f"{lesson}.ipynb", as_version=4)
    ours = nbformat.read(course.NOTEBOOKS / "en" / f"{lesson}.ipynb", as_version=4)
    assert [cell.source for cell in released.cells] == [cell.source for cell in ours.cells]
    assert [cell.metadata for cell in released.cells] == [cell.metadata for cell in ours.cells]


def test_an_unknown_lesson_ends_in_one_line(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["run", "77"]) == 1
    assert "there is no lesson '77'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["autograde", "grades"])
def test_grading_before_a_release_ends_in_one_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("GRADEKIT_COURSE", str(tmp_path))
    assert cli.main([command, "02"]) == 1
    assert "release" in capsys.readouterr().err
