"""A released course to grade in, made once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gradekit.classroom import release
from tests.gradekit.submissions import LESSON


@pytest.fixture(scope="session")
def released_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which lesson 02 has been released, and nothing collected; only for copying."""
    root = tmp_path_factory.mktemp("released")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADEKIT_COURSE", str(root))
        patch.delenv("GRADEBOOK_URL", raising=False)
        release(LESSON)
    return root


@pytest.fixture
def new_course(released_course: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Returns a function that makes a course of its own, by name."""

    def make(name: str) -> Path:
        return Path(shutil.copytree(released_course, tmp_path / name))

    return make
