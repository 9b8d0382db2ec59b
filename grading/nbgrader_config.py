"""nbgrader's settings for this course; read by every `nbgrader` command run in this folder."""

import os
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader import preprocessors as steps

from gradekit.late import LatePolicy
from gradekit.preprocessors import ClearSolutions, GradeQuiz, HideCases

c = get_config()

c.CourseDirectory.root = str(Path(__file__).parent / "course")
c.CourseDirectory.course_id = "pretraining"
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
c.AssignLatePenalties.plugin_class = LatePolicy

c.Execute.timeout = 120

os.environ.setdefault("LESSON_PROFILE", "grading")
