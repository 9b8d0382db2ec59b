"""The repository's address: in one place, checked, used by badge and set-up cell."""

from pathlib import Path

import pytest

from gradekit import repository
from gradekit.course import CourseError
from gradekit.repository import address, colab_badge, set_address, setup_source


@pytest.fixture
def pyproject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "pyproject.toml"
    copy.write_text(repository.PYPROJECT.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(repository, "PYPROJECT", copy)
    return copy


def test_a_new_address_reaches_badge_and_setup_cell(pyproject: Path) -> None:
    set_address("https://github.com/someone/course/")
    assert address() == "https://github.com/someone/course"
    assert "github/someone/course/blob/v" in colab_badge("02_feature_extraction", "ru")
    assert "https://github.com/someone/course course" in setup_source("02", "en")


def test_elsewhere_than_github_there_is_no_badge(pyproject: Path) -> None:
    set_address("https://git.example.org/course")
    assert colab_badge("02_feature_extraction", "en") == ""


@pytest.mark.parametrize(
    "url", ["", "course", "git@host:x", 'https://x.org/a"b', "https://x.org/$(id)"]
)
def test_what_is_no_address_is_refused(url: str, pyproject: Path) -> None:
    before = pyproject.read_text()
    with pytest.raises(CourseError):
        set_address(url)
    assert pyproject.read_text() == before


def test_the_address_stands_in_one_place() -> None:
    places = [
        path.name
        for folder in ("src", "data", "grading/source", "tools")
        for path in (repository.ROOT / folder).rglob("*")
        if path.suffix in (".py", ".toml", ".yaml")
        and address() in path.read_text(encoding="utf-8")
    ]
    assert places == []
