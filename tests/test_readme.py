"""The READMEs: tables as measured, no dead links, every command exists."""

import re
import runpy

import pytest

from lessonkit import load_texts
from lessonkit.paths import ROOT

READMES = ("README.md", "data/README.md")


@pytest.fixture(scope="module")
def figures() -> dict:
    return runpy.run_path(str(ROOT / "benchmarks" / "figures.py"))


def test_tables_are_what_was_measured(figures: dict) -> None:
    for path, text in figures["rendered"]().items():
        assert path.read_text(encoding="utf-8") == text, "run `make figures`"


def test_the_measured_sizes_are_those_of_the_files(figures: dict) -> None:
    import json

    measured = json.loads(figures["MEASURED"].read_text(encoding="utf-8"))["data"]
    for task, entry in measured.items():
        assert entry["sizes"] == {split: len(rows) for split, rows in load_texts(task).items()}


@pytest.mark.parametrize("name", READMES)
def test_links_lead_somewhere(name: str) -> None:
    path = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z-]+):", makefile))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(
        r"(?:^|`)(?:[A-Z_]+=\S+ )?make ([a-z -]+?)(?= +[A-Z]+=|`| +#|$)", text, re.M
    )
    named = {target for command in commands for target in command.split()}
    assert {"lab", "test", "release"} <= named <= targets
