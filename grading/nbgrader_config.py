"""nbgrader's settings for this course; read by every `nbgrader` command run in this folder."""

import os

from nbconvert.preprocessors import CoalesceStreamsPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader import preprocessors as steps

from gradekit.course import course_root, gradebook_url, settings
from gradekit.feedback import FeedbackPage
from gradekit.late import LatePolicy
from gradekit.preprocessors import ClearSolutions, GradeQuiz, HideCases
from gradekit.sanitize import Sanitize

c = get_config()

c.CourseDirectory.root = str(course_root())
c.CourseDirectory.db_url = gradebook_url()
c.CourseDirectory.course_id = settings()["course_id"]
c.Exchange.root = str(course_root() / "exchange")  # not used, but formgrader complains without one
(course_root() / "exchange").mkdir(parents=True, exist_ok=True)
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "*.pyc"]

c.GenerateAssignment.preprocessors = [
    steps.IncludeHeaderFooter,
    steps.LockCells,
    ClearSolutions,
    steps.ClearOutput,
    steps.CheckCellMetadata,
    steps.ComputeChecksums,
    steps.SaveCells,
    steps.ClearHiddenTests,
    steps.ComputeChecksums,
    steps.CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    steps.Execute,
    steps.LimitOutput,
    steps.SaveAutoGrades,
    GradeQuiz,
    steps.AssignLatePenalties,
    steps.CheckCellMetadata,
]
c.GenerateFeedback.preprocessors = [
    steps.GetGrades,
    steps.ClearHiddenTests,
    HideCases,
    CSSHTMLHeaderPreprocessor,
]
# What students wrote must not run in anybody's browser; formgrader's pages use this exporter too.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.default_preprocessors = []  # they would come before the cleaning
c.HTMLExporter.preprocessors = [Sanitize, CoalesceStreamsPreprocessor, CSSHTMLHeaderPreprocessor]
c.HTMLExporter.filters = {
    "clean_html": "gradekit.sanitize.safe_html",
    "markdown2html": "gradekit.sanitize.safe_markdown",
}
c.GenerateFeedback.exporter_class = FeedbackPage
c.AssignLatePenalties.plugin_class = LatePolicy

c.Execute.timeout = 120

os.environ["LESSON_PROFILE"] = "grading"
