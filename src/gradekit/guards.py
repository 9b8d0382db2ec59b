"""What a lesson's master must keep to. Each guard returns what it found, worst first."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from gradekit.keys import quiz_key
from gradekit.sources import BEGIN_SOLUTION, END_SOLUTION, Cell, Lesson
from lessonkit.checks import find_check
from lessonkit.messages import LANGUAGES
from lessonkit.questions import load_questions

LONGEST_CODE_CELL = 16  # lines; about ten is the aim

NUMBER = re.compile(r"(?<![\w.,])[-−]?\d+(?:[.,]\d+)*")
INLINE_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|<(https?://[^>]+)>|(?<!\]\()(?<!<)\b(https?://[^\s)>]+)")


def find_problems(lesson: Lesson) -> list[str]:
    """Return everything that is wrong with a master; empty if nothing is."""
    guards = (
        _prose_problems,
        _code_problems,
        _solution_problems,
        _exercise_problems,
        _quiz_problems,
    )
    return [f"{lesson.name}: {problem}" for guard in guards for problem in guard(lesson)]


def _prose_problems(lesson: Lesson) -> Iterator[str]:
    """Each English prose cell is followed by its Russian twin, which says the same."""
    cells = list(lesson.cells)
    index = 0
    while index < len(cells):
        cell = cells[index]
        if cell.kind != "markdown":
            index += 1
            continue
        if cell.lang not in LANGUAGES:
            yield f'{_place(cell)} has no language; mark it lang="en" or lang="ru"'
            index += 1
            continue
        twin = cells[index + 1] if index + 1 < len(cells) else None
        if cell.lang != "en" or twin is None or twin.kind != "markdown" or twin.lang != "ru":
            yield f"{_place(cell)} ({cell.lang}) has no twin right below it"
            index += 1
            continue
        yield from _twin_problems(cell, twin)
        index += 2


def _twin_problems(english: Cell, russian: Cell) -> Iterator[str]:
    for what, parts_of in (("numbers", numbers), ("code", code_parts), ("links", links)):
        en, ru = Counter(parts_of(english.source, "en")), Counter(parts_of(russian.source, "ru"))
        if en != ru:
            only_en, only_ru = sorted((en - ru).elements()), sorted((ru - en).elements())
            yield (
                f"{_place(english)} and its twin differ in {what}: "
                f"only English {only_en}, only Russian {only_ru}"
            )


def numbers(text: str, language: str) -> list[str]:
    """Return the numbers of a prose text, written in one way whatever the language.

    English writes 1,234.5 and Russian 1 234,5 (with a no-break space).
    """
    text = FENCE.sub(" ", INLINE_CODE.sub(" ", re.sub(r"\]\([^)]*\)|<https?://[^>]*>", " ", text)))
    if language == "ru":
        text = re.sub(r"(?<=\d)[\u00a0\u202f](?=\d{3})", "", text)
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    else:
        text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return [number.replace("−", "-") for number in NUMBER.findall(text)]


def code_parts(text: str, _language: str) -> list[str]:
    """Return fenced blocks and inline code of a prose text."""
    return FENCE.findall(text) + INLINE_CODE.findall(FENCE.sub("", text))


def links(text: str, _language: str) -> list[str]:
    """Return the addresses a prose text points to."""
    return ["".join(groups) for groups in LINK.findall(text)]


def _code_problems(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.cells:
        if cell.kind != "code":
            continue
        if cell.lang:
            yield f"{_place(cell)} is code and has a language; code stands once"
        lines = [line for line in cell.source.split("\n") if line.strip()]
        if cell.exercise is None and len(lines) > LONGEST_CODE_CELL:
            yield f"{_place(cell)} has {len(lines)} lines; at most {LONGEST_CODE_CELL}"
        if re.search("[А-Яа-яЁё]", cell.source):
            yield f"{_place(cell)} has Cyrillic letters; code and its comments are English"
        if "HIDDEN TESTS" in cell.source:
            yield f"{_place(cell)} writes hidden tests itself; the builder adds them"
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            yield f"{_place(cell)} is not Python: {error.msg} in line {error.lineno}"


def _solution_problems(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.cells:
        marks = [line.strip() for line in cell.source.split("\n") if "SOLUTION" in line]
        expected = [BEGIN_SOLUTION, END_SOLUTION] * (len(marks) // 2)
        if marks != expected:
            yield f"{_place(cell)} has unpaired or misspelt solution markers: {marks}"
        elif marks and cell.exercise is None:
            yield f'{_place(cell)} holds a solution but is not marked exercise="..."'
        elif cell.exercise is not None and not marks:
            yield f"exercise {cell.exercise!r} has no solution between markers"


def _exercise_problems(lesson: Lesson) -> Iterator[str]:
    exercises = [cell.exercise for cell in lesson.cells if cell.exercise]
    checks = [cell.check for cell in lesson.cells if cell.check]
    for name, count in Counter(exercises).items():
        if count > 1:
            yield f"exercise {name!r} occurs {count} times"
    for name, count in Counter(checks).items():
        if count > 1:
            yield f"check {name!r} occurs {count} times"
    yield from (f"exercise {name!r} has no check" for name in exercises if name not in checks)
    for cell in lesson.cells:
        if cell.check is None:
            continue
        if cell.check not in exercises:
            yield f"check {cell.check!r} has no exercise"
        if cell.points <= 0:
            yield f"check {cell.check!r} is worth no points"
        if cell.source.strip() != f'check("{cell.check}", {cell.check})':
            yield f'check {cell.check!r} should be the line check("{cell.check}", {cell.check})'
        try:
            find_check(cell.check)
        except LookupError as error:
            yield str(error)


def _quiz_problems(lesson: Lesson) -> Iterator[str]:
    cells = [cell for cell in lesson.cells if cell.quiz is not None]
    if not cells:
        return
    questions, key = load_questions(lesson.number), quiz_key(lesson.name)
    if [cell.quiz for cell in cells] != sorted(questions):
        yield f"quiz cells {[c.quiz for c in cells]} do not match the bank's {sorted(questions)}"
        return
    for cell in cells:
        question = questions[cell.quiz]
        expected = answer_source(cell.quiz, list(question.options))
        if cell.source != expected:
            yield f"question {cell.quiz}'s cell should read:\n{expected}"
        if question.graded != (cell.points > 0):
            yield f"question {cell.quiz}: points and the bank disagree on whether it is graded"
        if question.graded and cell.quiz not in key:
            yield f"question {cell.quiz} is graded but has no key in grading/keys"
        if not question.graded and set(question.explanations) != set(question.options):
            yield f"question {cell.quiz} does not explain every option"
        for text in (question.text, *question.options.values(), *question.explanations.values()):
            if set(text) != set(LANGUAGES):
                yield f"question {cell.quiz} lacks a language: {text}"


def answer_source(number: int, letters: list[str], answer: str = "") -> str:
    """Return the source of a quiz cell: the answer line, which is a form on Colab, and the card."""
    choices = ", ".join(f'"{letter}"' for letter in ["", *letters])
    return f'answer_{number} = "{answer}"  # @param [{choices}]\nquiz({number}, answer_{number})'


def _place(cell: Cell) -> str:
    first = next((line for line in cell.source.split("\n") if line.strip()), "(empty)")
    return f"the cell «{first.strip()[:60]}»"
