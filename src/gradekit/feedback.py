"""The page that a student gets back."""

from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.server_extensions.formgrader.handlers import template_path

from gradekit.sanitize import sanitize_outputs

TEMPLATES = Path(__file__).resolve().parent / "templates"


class FeedbackPage(HTMLExporter):
    """nbgrader's feedback page with the course's own list of what was graded."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.template_name = "course_feedback"
        self.extra_template_basedirs = [str(TEMPLATES), template_path]
        self.extra_template_paths = [*self.extra_template_paths, template_path]
        self.template_paths = self._template_paths()

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict | None = None, **options: Any
    ) -> tuple[str, dict]:
        sanitize_outputs(nb)  # nbconvert reads the language before any preprocessor runs
        return super().from_notebook_node(nb, resources, **options)
