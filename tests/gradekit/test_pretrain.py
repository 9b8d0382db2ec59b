"""Digests of the tiny models go into the registry's own table."""

from pathlib import Path

import pytest

from gradekit.course import CourseError
from gradekit.pretrain import with_digests
from lessonkit.models import sha256_of

REGISTRY = """\
[tiny.sha256]
"old.json" = "00"

[other.sha256]
"config.json" = "11"
"""


def test_a_models_table_is_replaced_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    digest = sha256_of(folder / "config.json")
    text = with_digests(REGISTRY, folder)
    assert text == REGISTRY.replace('"old.json" = "00"', f'"config.json" = "{digest}"')
    assert with_digests(text, folder) == text


def test_a_model_without_a_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"no table \[unknown\.sha256\]"):
        with_digests(REGISTRY, tmp_path / "unknown")
