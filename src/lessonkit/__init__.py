"""What the lessons import that is not the lesson: checks, quizzes, plots and the model registry."""

from lessonkit.checks import check
from lessonkit.models import model_entry, model_folder
from lessonkit.questions import quiz
from lessonkit.session import begin
from lessonkit.texts import load_texts

__all__ = ["begin", "check", "load_texts", "model_entry", "model_folder", "quiz"]
