"""A class at first sight: what the results of a lesson say about its students and its exercises."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradekit.answers import answers_of
from gradekit.collect import submitted_students
from gradekit.course import course_root, source_file
from gradekit.keys import quiz_key
from gradekit.notebooks import student_notebook
from gradekit.results import Incident, Mark, Result, results_of
from gradekit.similarity import Alike, find_alike
from gradekit.sources import BEGIN_SOLUTION, END_SOLUTION, read_lesson
from lessonkit.messages import hint_text
from lessonkit.questions import load_questions

ENOUGH = 20  # submissions below which a discrimination says nothing
EXTREME = 0.27  # share of the class in the upper and in the lower group (Kelley 1939)
MOST_HINTS = 12
MOST_CELLS = 8
LONGEST_TEXT = 300  # characters of anything a student may have written
NO_ANSWER = "none"


@dataclass(frozen=True)
class Item:
    """How a class did in one graded cell.

    Attributes:
        grade_id: nbgrader's name of the cell.
        name: the exercise's name, or "question 4".
        count: submissions that hold it.
        share: mean share of its points that was reached; low means difficult.
        solved: submissions that reached all its points.
        correlation: point-biserial correlation with the rest of the score; None if unknown.
        upper_lower: share in the best 27 % by the rest of the score minus that in the worst.
        letters: for a question, letter -> how often it was given, the right one first.
        right: for a question, the right letter.
        seconds: median, nine tenths, longest time of the student's code in a check.
    """

    grade_id: str
    name: str
    count: int
    share: float
    solved: int
    correlation: float | None
    upper_lower: float | None
    letters: dict[str, int]
    right: str | None
    seconds: tuple[float, float, float]


@dataclass(frozen=True)
class Hint:
    """A hint that failed checks gave: its text for one of them, and how many students got it."""

    exercise: str
    name: str
    text: str
    students: int


@dataclass(frozen=True)
class Cell:
    """How long one cell of the notebook took: its place, first line, median, longest time."""

    index: int
    line: str
    median: float
    longest: float
    slowest: str


@dataclass(frozen=True)
class Scores:
    """The distribution of points.

    Attributes:
        mean, median, deviation, lowest, highest: of the points.
        bars: (from, to, number of students); the last bar includes its end.
        out_of: points that can be reached.
    """

    mean: float
    median: float
    deviation: float
    lowest: float
    highest: float
    bars: tuple[tuple[float, float, int], ...]
    out_of: float


@dataclass(frozen=True)
class ClassReport:
    """All that the page shows.

    Attributes:
        lesson: the lesson's name.
        students: number of graded submissions.
        scores: their distribution.
        exercises, questions: how each went, in the lesson's order.
        hints: the most frequent first.
        cells: the slowest first.
        seconds, memory: median and largest of the whole notebooks; memory in bytes.
        incidents: kind -> (student, incident), by student.
        repairs: student -> lines.
        ungraded: students whose submission was collected and has no result.
        alike: submissions that are suspiciously alike.
    """

    lesson: str
    students: int
    scores: Scores
    exercises: tuple[Item, ...]
    questions: tuple[Item, ...]
    hints: tuple[Hint, ...]
    cells: tuple[Cell, ...]
    seconds: tuple[float, float]
    memory: tuple[float, float]
    incidents: dict[str, list[tuple[str, Incident]]]
    repairs: dict[str, tuple[str, ...]]
    ungraded: tuple[str, ...]
    alike: tuple[Alike, ...]


def class_report(lesson: str) -> ClassReport:
    """Return what the results of a lesson say.

    Raises:
        CourseError: nothing of it has been graded.
    """
    results = list(results_of(lesson))
    known = {result.student for result in results}
    missing = [student for student in submitted_students(lesson) if student not in known]
    return summarise(lesson, results, missing)


def summarise(lesson: str, results: Sequence[Result], missing: Iterable[str] = ()) -> ClassReport:
    """Return what results say; `missing` were collected and have none."""
    items = _items(lesson, results)
    incidents: dict[str, list[tuple[str, Incident]]] = {}
    for result in results:
        for incident in result.incidents:
            incidents.setdefault(incident.kind, []).append((result.student, incident))
    return ClassReport(
        lesson=lesson,
        students=len(results),
        scores=_scores(results),
        exercises=tuple(item for item in items if item.right is None),
        questions=tuple(item for item in items if item.right is not None),
        hints=_hints(results),
        cells=_cells(lesson, results),
        seconds=_middle_and_top([result.seconds for result in results]),
        memory=_middle_and_top([result.peak_memory for result in results]),
        incidents=dict(sorted(incidents.items(), key=lambda entry: -len(entry[1]))),
        repairs={result.student: result.repairs for result in results if result.repairs},
        ungraded=tuple(missing),
        alike=tuple(alike_submissions(lesson, results)),
    )


def alike_submissions(lesson: str, results: Sequence[Result]) -> list[Alike]:
    """Return submissions that are suspiciously alike, measured against stub and answer bank."""
    stubs = {
        cell.exercise: _stub(cell.source)
        for cell in read_lesson(source_file(lesson)).cells
        if cell.exercise
    }
    bank = [(answer.exercise, answer.source) for answer in answers_of(lesson)]
    return find_alike({result.student: result.sources for result in results}, stubs, bank)


def write_report(lesson: str, target: Path | None = None) -> Path:
    """Write a lesson's page; return where it is.

    Raises:
        CourseError: nothing of the lesson has been graded.
    """
    from gradekit.report_page import render
    from gradekit.results import write_atomically

    path = target or course_root() / "reports" / f"{lesson}.html"
    write_atomically(path, render(class_report(lesson)))
    return path


def discrimination(own: np.ndarray, rest: np.ndarray) -> tuple[float | None, float | None]:
    """Return how well one item tells strong students from weak ones.

    Args:
        own: (n,) share of the item's points that each student reached.
        rest: (n,) points that each reached in everything else.

    Returns:
        the correlation of both (point-biserial where an item is right or wrong), and the item's
        share among the best 27 % by the rest minus that among the worst; None where fewer than
        `ENOUGH` submissions, or equal ones, leave it unknown.
    """
    if len(own) < ENOUGH or own.std() == 0 or rest.std() == 0:
        return None, None
    group = max(1, round(EXTREME * len(own)))
    order = np.argsort(rest, kind="stable")
    difference = own[order[-group:]].mean() - own[order[:group]].mean()
    return float(np.corrcoef(own, rest)[0, 1]), float(difference)


def _items(lesson: str, results: Sequence[Result]) -> list[Item]:
    marks: dict[str, list[tuple[Mark, float]]] = {}
    for result in results:
        for mark in result.marks:
            marks.setdefault(mark.grade_id, []).append((mark, result.points - mark.points))
    return [_item(lesson, grade_id, found) for grade_id, found in marks.items()]


def _item(lesson: str, grade_id: str, found: Sequence[tuple[Mark, float]]) -> Item:
    own = np.array([mark.points / mark.out_of if mark.out_of else 0.0 for mark, _ in found])
    correlation, upper_lower = discrimination(own, np.array([rest for _, rest in found]))
    kind, _, name = grade_id.partition("-")
    number = int(name) if kind == "quiz" and name.isdigit() else None
    right = quiz_key(lesson).get(number, {}).get("correct") if number is not None else None
    return Item(
        grade_id=grade_id,
        name=name if number is None else f"question {number}",
        count=len(found),
        share=float(own.mean()),
        solved=int((own >= 1).sum()),
        correlation=correlation,
        upper_lower=upper_lower,
        letters=_letters(lesson, number, right, [mark.answer for mark, _ in found]),
        right=right,
        seconds=_spread([mark.seconds for mark, _ in found]),
    )


def _letters(
    lesson: str, number: int | None, right: str | None, answers: Sequence[str | None]
) -> dict[str, int]:
    if number is None or right is None:
        return {}
    options = list(load_questions(lesson[:2])[number].options)
    counts = Counter(answer if answer in options else NO_ANSWER for answer in answers)
    return {letter: counts[letter] for letter in [*options, NO_ANSWER]}


def _scores(results: Sequence[Result]) -> Scores:
    points = [result.points for result in results]
    out_of = max((result.out_of for result in results), default=0.0)
    number = min(20, max(1, round(out_of)))
    edges = np.linspace(0, out_of or 1, number + 1)
    counts, _ = np.histogram(points, edges)
    bars = tuple(
        (float(low), float(high), int(count))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )
    return Scores(
        mean=statistics.fmean(points),
        median=statistics.median(points),
        deviation=statistics.stdev(points) if len(points) > 1 else 0.0,
        lowest=min(points),
        highest=max(points),
        bars=bars,
        out_of=out_of,
    )


def _hints(results: Sequence[Result]) -> tuple[Hint, ...]:
    """Return the most frequent hints, each with its text as one student got it."""
    students: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Mapping] = {}
    for result in results:
        for mark in result.marks:
            if mark.hint:
                key = (mark.grade_id.removeprefix("check-"), mark.hint)
                students[key] += 1
                examples.setdefault(key, mark.values)
    return tuple(
        Hint(exercise, name, _hint_text(exercise, name, examples[exercise, name]), count)
        for (exercise, name), count in students.most_common(MOST_HINTS)
    )


def _hint_text(exercise: str, name: str, values: Mapping) -> str:
    try:
        return shortened(hint_text(exercise, name, "en", dict(values)))
    except (KeyError, IndexError, ValueError, AttributeError):  # a lesson that has changed since
        return f"(the lesson no longer has the hint {shortened(name)})"


def _cells(lesson: str, results: Sequence[Result]) -> tuple[Cell, ...]:
    seconds: dict[int, list[tuple[float, str]]] = {}
    for result in results:
        for index, time in result.cell_seconds.items():
            seconds.setdefault(index, []).append((time, result.student))
    notebook = student_notebook(read_lesson(source_file(lesson)), "en")
    sources = {i: cell.source for i, cell in enumerate(notebook.cells)}
    cells = [
        Cell(
            index=index,
            line=shortened(_first_line(sources.get(index, ""))),
            median=statistics.median(time for time, _ in times),
            longest=max(times)[0],
            slowest=max(times)[1],
        )
        for index, times in seconds.items()
    ]
    return tuple(sorted(cells, key=lambda cell: -cell.median)[:MOST_CELLS])


def shortened(text: str) -> str:
    """Return a text on one line and of bounded length."""
    text = " ".join(str(text)[: 2 * LONGEST_TEXT].split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _first_line(source: str) -> str:
    return next((line for line in source.split("\n") if line.strip()), "")


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return tuple(float(value) for value in np.quantile(values, [0.5, 0.9, 1.0]))


def _middle_and_top(values: Sequence[float]) -> tuple[float, float]:
    return (statistics.median(values), max(values))


def _stub(source: str) -> str:
    """Return an exercise cell as students get it: without what stands between the markers."""
    lines, inside = [], False
    for line in source.split("\n"):
        inside = inside or line.strip() == BEGIN_SOLUTION
        if not inside:
            lines.append(line)
        inside = inside and line.strip() != END_SOLUTION
    return "\n".join(lines)
