"""Quiz cards. The answer itself is the line of code above the card, so that it travels along."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from lessonkit.cards import Card, inline_code
from lessonkit.messages import interface_text, read_yaml
from lessonkit.paths import DATA
from lessonkit.session import current

Translated = dict[str, str]


@dataclass(frozen=True)
class Question:
    """One question of the bank.

    Attributes:
        number: its number in the lesson.
        text: the question in each language.
        options: letter -> the option in each language.
        correct: letter of the right option; None for a graded question, whose key is not here.
        explanations: letter -> why it is right or wrong; empty for a graded question.
    """

    number: int
    text: Translated
    options: dict[str, Translated]
    correct: str | None
    explanations: dict[str, Translated]

    @property
    def graded(self) -> bool:
        return self.correct is None


@cache
def load_questions(lesson: str) -> dict[int, Question]:
    """Read a lesson's questions from the quiz bank.

    Raises:
        FileNotFoundError: the lesson has no quiz.
    """
    found = sorted((DATA / "quizzes").glob(f"{lesson}_*.yaml"))
    if not found:
        raise FileNotFoundError(f"data/quizzes has no file for lesson {lesson}")
    return {entry["number"]: _question(entry) for entry in read_yaml(found[0])}


def quiz(number: int, answer: str = "") -> None:
    """Show a question's card; with an answer, also what to think of it.

    Args:
        number: the question's number in the current lesson.
        answer: a letter, or "" where none is chosen yet.
    """
    course = current()
    question = load_questions(course.lesson)[number]
    choice = widgets.ToggleButtons(options=list(question.options), value=None)
    choice.style.button_width = "3em"
    reaction = widgets.HTML()

    def react(letter: str) -> None:
        reaction.value = reaction_card(question, letter, course.language)._repr_html_()

    choice.observe(lambda change: react(change["new"]), names="value")
    display(
        widgets.VBox([widgets.HTML(_question_html(question, course.language)), choice, reaction])
    )
    if answer in question.options:
        choice.value = answer
    elif answer:
        reaction.value = _unknown_letter(question, answer, course.language)._repr_html_()


def reaction_card(question: Question, letter: str, language: str) -> Card:
    """Return what the card says when an option is chosen."""
    if question.graded:
        text = interface_text("hand_in", language, number=question.number, letter=letter)
        return Card("note", interface_text("chosen", language, letter=letter), text)
    right = letter == question.correct
    title = interface_text("right" if right else "wrong", language, letter=letter)
    return Card("good" if right else "bad", title, question.explanations[letter][language])


def _unknown_letter(question: Question, answer: str, language: str) -> Card:
    letters = ", ".join(question.options)
    return Card("bad", interface_text("unknown_letter", language, answer=answer, letters=letters))


def _question(entry: dict[str, Any]) -> Question:
    options = entry["options"]
    return Question(
        number=entry["number"],
        text=entry["question"],
        options={letter: option["text"] for letter, option in options.items()},
        correct=entry.get("correct"),
        explanations={
            letter: option["why"] for letter, option in options.items() if "why" in option
        },
    )


def _question_html(question: Question, language: str) -> str:
    points = interface_text("graded" if question.graded else "practice", language)
    rows = "".join(
        f"<div><b>{letter})</b> {inline_code(option[language])}</div>"
        for letter, option in question.options.items()
    )
    head = interface_text("question", language, number=question.number)
    return (
        f'<div style="line-height:1.6;max-width:60em"><b>{head}</b> <i>({points})</i><br>'
        f"{inline_code(question.text[language])}{rows}</div>"
    )
