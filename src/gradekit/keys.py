"""What only graders know: keys of graded questions and seeds of hidden cases."""

import tomllib
from functools import cache

from gradekit.course import GRADING, KEYS, CourseError
from lessonkit.messages import read_yaml


@cache
def quiz_key(lesson: str) -> dict[int, dict]:
    """Return a lesson's graded questions: number -> {"correct": letter, "why": explanations}."""
    path = KEYS / f"{lesson}.yaml"
    if not path.exists():
        return {}
    return read_yaml(path) or {}


@cache
def _hidden_seeds() -> dict[str, int]:
    return tomllib.loads((GRADING / "hidden_seeds.toml").read_text(encoding="utf-8"))


def hidden_seed(exercise: str) -> int:
    """Return the seed of an exercise's hidden cases.

    Raises:
        CourseError: the exercise has none.
    """
    if exercise not in _hidden_seeds():
        raise CourseError(
            f"grading/hidden_seeds.toml has no seed for {exercise!r}; add any number but 0"
        )
    return _hidden_seeds()[exercise]
