"""The environment: pins agree everywhere, and set-up troubles end in one clear line."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lessonkit.paths import ROOT

SETUP = ROOT / "tools" / "setup_environment.py"
sys.path.insert(0, str(SETUP.parent))
import setup_environment  # noqa: E402


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = (line.split("==") for line in lines if "==" in line)
    return {canonicalize_name(name): version for name, version in pins}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(*extras: str) -> list[Requirement]:
    listed = list(project()["dependencies"])
    for extra in extras:
        listed += project()["optional-dependencies"][extra]
    return [Requirement(line) for line in listed]


def test_every_dependency_is_pinned_within_its_range() -> None:
    pins = constraints()
    for requirement in requirements("grading", "dev"):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def test_conda_users_get_the_same_versions() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    pip = next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    assert pip[0] == "--constraint constraints.txt"
    assert pip[-1] == "--editable ."
    listed = dict(line.split("==") for line in pip[1:-1])
    listed = {canonicalize_name(name): version for name, version in listed.items()}
    wanted = {canonicalize_name(r.name) for r in requirements("grading")}
    assert listed == {name: constraints()[name] for name in wanted}


def test_conda_takes_a_python_that_the_course_supports() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python = next(part for part in environment["dependencies"] if str(part).startswith("python="))
    assert python.removeprefix("python=") in ("3.11", "3.12", "3.13")
    assert project()["requires-python"] == ">=3.11,<3.14"


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("ERROR: [Errno 28] No space left on device", "the disk is full"),
        ("WARNING: Retrying ... NewConnectionError(...)", "package index cannot be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0", "lacks a pinned version"),
        ("Building ...\nERROR: Failed building wheel for x\n", "Failed building wheel for x"),
    ],
)
def test_a_failed_installation_is_explained_in_one_line(log: str, line: str) -> None:
    explained = setup_environment.explain(log)
    assert line in explained
    assert "\n" not in explained


def test_a_wrong_python_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    with pytest.raises(SystemExit):
        setup_environment.refuse_wrong_python()
    assert "this is Python 3.9; the course needs 3.11 to 3.13" in capsys.readouterr().err


def test_an_unreachable_index_ends_in_one_line(tmp_path: Path) -> None:
    """The whole script, against an index that answers nothing."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "tools").mkdir()
    copy = tmp_path / "tools" / SETUP.name
    copy.write_text(SETUP.read_text(encoding="utf-8"), encoding="utf-8")
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    run = subprocess.run(
        [sys.executable, str(copy), str(tmp_path / ".venv")],
        env={"PATH": "/usr/bin:/bin", **nowhere},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert "package index cannot be reached" in run.stderr


@pytest.mark.parametrize("extras", [["dev", "grading"], ["grading"], []])
def test_set_up_again_does_nothing(
    extras: list[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    installed = f"{setup_environment.fingerprint()},dev,grading"
    (tmp_path / "installed.txt").write_text(installed, encoding="utf-8")
    setup_environment.main(str(tmp_path), extras)
    assert capsys.readouterr().out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["installed.txt"]


def test_make_alone_lists_the_targets() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    described = set(re.findall(r"(?m)^([a-z-]+)  ", listed))
    assert {
        "lab",
        "test",
        "run",
        "release",
        "collect",
        "autograde",
        "grades",
        "bundle",
    } <= described


def test_a_target_without_its_lesson_says_so() -> None:
    run = subprocess.run(["make", "need-lesson"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode != 0
    assert "LESSON=02" in run.stderr
