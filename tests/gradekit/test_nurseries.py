"""Starting sandboxes' parents early: what that takes, and that it is undone."""

import subprocess
import sys

import pytest

from gradekit.nurseries import warm_up_for
from gradekit.sandbox import Nursery, SandboxError

HEAVY = {"torch", "transformers", "sklearn", "datasets", "pandas"}


@pytest.mark.parametrize(
    ("module", "absent"),
    [("gradekit.nurseries", HEAVY | {"nbformat", "nbgrader"}), ("gradekit.grading", {"torch"})],
)
def test_a_head_node_leaves_heavy_imports_to_nurseries(module: str, absent: set[str]) -> None:
    listing = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert module in loaded
    assert not loaded & absent


def test_a_nursery_starts_behind_what_its_lesson_imports() -> None:
    statements = warm_up_for("02_feature_extraction").split("\n\n")
    assert "from sklearn.pipeline import make_pipeline" in statements
    assert "import lessonkit.checks.feature_extraction" in statements
    for statement in statements:
        compile(statement, "<warm-up>", "exec")


def test_a_nursery_that_warms_up_is_ended_at_once() -> None:
    nursery = Nursery("import time\ntime.sleep(600)", unsafe=True)
    nursery.close()
    assert not nursery.alive
    assert not nursery.folder.exists()


def test_a_nursery_that_has_ended_neither_runs_nor_judges() -> None:
    with Nursery("", unsafe=True) as nursery:
        nursery._process.kill()
        nursery._process.wait()
        (nursery.folder / "jobs" / "judge.sock").unlink()
        with pytest.raises(SandboxError, match="judges"):
            nursery.judge([("freeze", 7, b"")])
