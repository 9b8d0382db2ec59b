"""Running a lesson as Colab would: its versions, no course installed, everything fetched.

The notebook's own set-up cell clones the bundle (from a local repository in place of the public
one) and installs what is missing; nothing else is prepared for it.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from gradekit.bundle import write_bundle
from gradekit.course import KERNELSPEC, CourseError
from gradekit.notebooks import load_lesson, solved_notebook
from gradekit.repository import address, release_tag
from gradekit.run import LessonRun, run_notebook
from lessonkit.paths import ROOT

COLAB_PYTHON = ROOT / ".venv-colab" / "bin" / "python"
KERNEL = "colab"


def run_on_colab(lesson: str, language: str = "en") -> LessonRun:
    """Execute a solved lesson in the environment that `make run-colab` builds.

    Raises:
        CourseError: that environment is missing, or the kernel died.
    """
    if not COLAB_PYTHON.exists():
        raise CourseError(f"{COLAB_PYTHON} is missing; run `make run-colab LESSON={lesson[:2]}`")
    with tempfile.TemporaryDirectory() as folder:
        published = _publish_bundle(Path(folder) / "published")
        notebook = solved_notebook(load_lesson(lesson), language)
        setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
        setup.source = setup.source.replace(address(), published.as_uri())
        notebook.metadata["kernelspec"] = {**KERNELSPEC, "name": KERNEL}
        _install_kernel(Path(folder) / "jupyter")
        previous = os.environ.get("JUPYTER_PATH")
        os.environ["JUPYTER_PATH"] = str(Path(folder) / "jupyter")
        try:
            return run_notebook(notebook, lesson)
        finally:
            os.environ.pop("JUPYTER_PATH")
            if previous is not None:
                os.environ["JUPYTER_PATH"] = previous


def _publish_bundle(folder: Path) -> Path:
    """Write the bundle into a git repository with the tag that set-up cells fetch."""
    write_bundle(folder)
    identity = ["-c", "user.name=bundle", "-c", "user.email=bundle@localhost"]
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        [*identity, "commit", "--quiet", "--message", "bundle"],
        ["tag", release_tag()],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def _install_kernel(jupyter_path: Path) -> None:
    """Write a kernel specification that starts ipykernel in Colab's environment."""
    folder = jupyter_path / "kernels" / KERNEL
    folder.mkdir(parents=True)
    specification = {
        "argv": [str(COLAB_PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": KERNEL,
        "language": "python",
        "env": {
            "PATH": os.pathsep.join([str(COLAB_PYTHON.parent), os.environ["PATH"]]),
            "PYTHONPATH": "",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        },
    }
    (folder / "kernel.json").write_text(json.dumps(specification), encoding="utf-8")
