"""Quizzes: complete in both languages, keys kept apart, cards that react."""

import ipywidgets as widgets
import pytest

from gradekit.course import lesson_names
from gradekit.keys import quiz_key
from lessonkit import questions as quiz_module
from lessonkit.messages import LANGUAGES
from lessonkit.questions import Question, load_questions, quiz, reaction_card
from lessonkit.session import begin

LESSONS = lesson_names()


def questions() -> list[tuple[str, Question]]:
    return [
        (lesson, question) for lesson in LESSONS for question in load_questions(lesson[:2]).values()
    ]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_asks_three_to_six_questions(lesson: str) -> None:
    assert 3 <= len(load_questions(lesson[:2])) <= 6


@pytest.mark.parametrize(("lesson", "question"), questions())
def test_a_question_is_complete(lesson: str, question: Question) -> None:
    explanations = (
        quiz_key(lesson)[question.number]["why"] if question.graded else question.explanations
    )
    correct = quiz_key(lesson)[question.number]["correct"] if question.graded else question.correct
    assert correct in question.options
    assert set(explanations) == set(question.options)
    for texts in (question.text, *question.options.values(), *explanations.values()):
        assert set(texts) == set(LANGUAGES)
        assert all(texts.values())


@pytest.mark.parametrize(("lesson", "question"), questions())
def test_the_bank_holds_no_key_of_a_graded_question(lesson: str, question: Question) -> None:
    if question.number in quiz_key(lesson):
        assert question.correct is None
        assert not question.explanations


def test_the_seeds_first_question_is_word_for_word() -> None:
    question = load_questions("02")[1]
    assert question.text["ru"] == "Что такое transfer learning?"
    assert [option["ru"] for option in question.options.values()] == [
        "Обучение модели с нуля",
        "Перенос знаний из pre-trained модели на новую задачу",
        "Обучение на transfer данных",
        "Копирование весов между GPU",
    ]
    assert question.correct == "B"


def test_the_seeds_second_question_is_word_for_word() -> None:
    question = load_questions("01")[1]
    assert question.text["ru"] == "Какая задача используется для pre-training BERT?"
    assert [option["ru"] for option in question.options.values()] == [
        "Masked Language Modeling",
        "Image classification",
        "Reinforcement learning",
        "Sentiment analysis",
    ]
    assert question.correct == "A"


def test_the_seeds_third_question_is_word_for_word() -> None:
    question = load_questions("04")[1]
    assert question.text["ru"] == "Что такое LoRA?"
    assert [option["ru"] for option in question.options.values()] == [
        "Новая архитектура модели",
        "Метод parameter-efficient fine-tuning через low-rank matrices",
        "Тип regularization",
        "Learning rate scheduler",
    ]
    assert question.correct == "B"


def test_a_practice_question_explains_at_once() -> None:
    question = load_questions("02")[1]
    assert reaction_card(question, "B", "en").kind == "good"
    assert reaction_card(question, "A", "ru").kind == "bad"
    assert "случайных весов" in reaction_card(question, "A", "ru").text


def test_a_graded_question_only_says_how_to_hand_in() -> None:
    question = load_questions("02")[4]
    cards = [reaction_card(question, letter, "en") for letter in question.options]
    assert {card.kind for card in cards} == {"note"}
    assert 'answer_4 = "A"' in cards[0].text


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[widgets.VBox]:
    cards: list[widgets.VBox] = []
    monkeypatch.setattr(quiz_module, "display", cards.append)
    begin("02", language="ru", profile="cpu")
    return cards


def test_the_card_reacts_to_a_click(shown: list[widgets.VBox]) -> None:
    quiz(1)
    question, choice, reaction = shown[0].children
    assert "Что такое transfer learning?" in question.value
    assert reaction.value == ""
    choice.value = "B"
    assert "верно" in reaction.value


def test_an_answer_in_the_line_is_shown(shown: list[widgets.VBox]) -> None:
    quiz(1, "C")
    assert shown[0].children[1].value == "C"
    assert "неверно" in shown[0].children[2].value


def test_an_unknown_letter_is_named(shown: list[widgets.VBox]) -> None:
    quiz(1, "E")
    assert "A, B, C, D" in shown[0].children[2].value
