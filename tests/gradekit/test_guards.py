"""Each broken master is refused for the reason its first line names."""

from dataclasses import replace
from pathlib import Path

import pytest

from gradekit.course import CourseError, lesson_names, source_file
from gradekit.guards import find_problems, links, numbers
from gradekit.sources import read_lesson

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.py"))
LESSON = "02_feature_extraction"  # whose checks and quiz the fixtures use


def problems_of(path: Path) -> list[str]:
    try:
        return find_problems(replace(read_lesson(path), name=LESSON))
    except CourseError as error:
        return [str(error)]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_master_is_refused_for_its_reason(path: Path) -> None:
    expected = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expected:").strip()
    problems = problems_of(path)
    if expected:
        assert any(expected in problem for problem in problems), problems
    else:
        assert problems == []


@pytest.mark.parametrize("lesson", lesson_names())
def test_the_lessons_keep_to_the_rules(lesson: str) -> None:
    assert find_problems(read_lesson(source_file(lesson))) == []


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        ("1,234.5 of 7", "1\u00a0234,5 из 7"),
        ("minus -3 and 12 %", "минус −3 и 12 %"),
        ("in 2.10, then 3", "в 2.10, затем 3"),
        ("code `x = 99` aside", "без кода `x = 1`"),
    ],
)
def test_numbers_are_read_alike_in_both_languages(english: str, russian: str) -> None:
    assert numbers(english, "en") == numbers(russian, "ru")


def test_links_are_found_in_every_form() -> None:
    text = "[a](https://a.org/x), <https://b.org> and https://c.org/y."
    assert len(links(text, "en")) == 3


def test_a_missing_master_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"nowhere\.py is missing"):
        read_lesson(tmp_path / "nowhere.py")
