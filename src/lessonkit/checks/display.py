"""`check` as notebooks call it: answers at once in class, raises in grading."""

import os
from typing import Any

from IPython.display import display

from lessonkit.cards import Card
from lessonkit.checks.core import IN_CLASS_SEED, CheckFailed, Verdict, find_check, run_check
from lessonkit.messages import hint_text, interface_text
from lessonkit.session import current


def check(
    exercise: str, answer: Any, seed: int = IN_CLASS_SEED, points: float | None = None
) -> float | None:
    """Check an answer and say at once what is right or which mistake is likely.

    Args:
        exercise: the exercise's name.
        answer: the student's function or class.
        seed: chooses the cases; grading uses others than the class.
        points: what the cell is worth, where nbgrader grades it.

    Returns:
        The points of an answer that is right in part, which nbgrader reads off the cell; else
        None, which stands for all of them.

    Raises:
        CheckFailed: the check failed while nbgrader grades or validates the notebook; in class
            the answer is a box on the page instead.
    """
    if not hasattr(find_check(exercise), "judge"):  # beside a graded notebook there is none
        display(Card("note", interface_text("judged_outside", current().language)))
        return None
    verdict = run_check(exercise, answer, seed)
    card = verdict_card(verdict, current().language)
    if verdict.passed:
        current().record_pass(exercise)
    elif os.environ.get("NBGRADER_EXECUTION") and not verdict.hint.credit:
        raise CheckFailed(repr(card))
    display(card)
    return None if verdict.passed or points is None else points * verdict.hint.credit


def verdict_card(verdict: Verdict, language: str) -> Card:
    """Return what a student reads about a verdict."""
    if verdict.hint is None:
        return Card("good", interface_text("passed", language, exercise=verdict.exercise))
    share = f"{verdict.hint.credit:.0%}"
    kind = "partly" if verdict.hint.credit else "failed"
    title = interface_text(kind, language, exercise=verdict.exercise, share=share)
    text = hint_text(verdict.exercise, verdict.hint.name, language, verdict.hint.values)
    return Card("bad", title, text)
