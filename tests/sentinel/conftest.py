"""Clean model folders, made once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.clean_models import build_clean


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Ten clean folders by family; not to be changed."""
    return build_clean(tmp_path_factory.mktemp("clean"))


@pytest.fixture
def copy_of(clean: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Return a family's folder as a copy that may be changed."""

    def copy(family: str) -> Path:
        return Path(shutil.copytree(clean[family], tmp_path / "model"))

    return copy
