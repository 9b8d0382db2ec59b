"""Make the tiny models that come with the course: run lesson 01, keep what it saves."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from gradekit.course import CourseError
from gradekit.notebooks import load_lesson, solved_notebook
from gradekit.run import run_notebook
from lessonkit.models import sha256_of
from lessonkit.paths import DATA

LESSON = "01_pretraining_objectives"
SAVED = "my_models"  # the folder that the lesson writes
MODELS = DATA / "models"
REGISTRY = DATA / "models.toml"


def pretrain() -> list[Path]:
    """Run the solved lesson, replace `data/models`, write the digests; return the new folders.

    Raises:
        CourseError: the lesson does not run clean.
    """
    os.environ["LESSON_PROFILE"] = "cpu"
    with tempfile.TemporaryDirectory() as scratch:
        notebook = solved_notebook(load_lesson(LESSON), "en")
        run = run_notebook(notebook, LESSON, Path(scratch))
        if run.errors:
            raise CourseError(f"{LESSON} does not run clean: {run.errors[0]}")
        shutil.rmtree(MODELS, ignore_errors=True)
        shutil.copytree(Path(scratch, SAVED), MODELS)
    folders = sorted(MODELS.iterdir())
    text = REGISTRY.read_text(encoding="utf-8")
    for folder in folders:
        text = with_digests(text, folder)
    REGISTRY.write_text(text, encoding="utf-8")
    return folders


def with_digests(registry: str, folder: Path) -> str:
    """Return the registry's text with the digests of a model's files in the model's table.

    Raises:
        CourseError: the registry has no such table.
    """
    heading = f"[{folder.name}.sha256]\n"
    if heading not in registry:
        raise CourseError(f"{REGISTRY.name} has no table {heading.strip()}")
    lines = [f'"{path.name}" = "{sha256_of(path)}"\n' for path in sorted(folder.iterdir())]
    table = re.escape(heading) + r'(?:"[^"\n]+" = "[^"\n]+"\n)*'
    return re.sub(table, lambda _: heading + "".join(lines), registry)
