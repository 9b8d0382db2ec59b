"""What runs on a worker: one notebook, in a sandbox of the worker's own nursery."""

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

from gradekit.execution import Execution, execute
from gradekit.jobs import Job, Outcome, Setting
from gradekit.judging import mark_checks
from gradekit.nurseries import nursery_for
from gradekit.repair import grade_id_of, released_cells, released_texts
from gradekit.results import Mark
from gradekit.sandbox import Limits
from gradekit.sanitize import sanitize_outputs
from gradekit.screening import screen
from lessonkit.cards import Card
from lessonkit.checks.core import Hint, Verdict
from lessonkit.checks.display import verdict_card


def run_job(job_text: str, setting_text: str) -> str:
    """Execute a notebook, judge its answers, and return the outcome; JSON in and out.

    Raises:
        SandboxError: this worker cannot make sandboxes.
    """
    job, setting = Job.from_json(job_text), Setting.from_json(setting_text)
    notebook = nbformat.reads(job.notebook, as_version=4)
    done = execute(notebook, job.seeds, Limits(**setting.limits), nursery_for(job.lesson, setting))
    checks = [graded for graded in released_cells(job.lesson) if graded.kind == "check"]
    nursery = nursery_for(job.lesson, setting)  # another one if that had ended
    marks = {mark.grade_id: mark for mark in mark_checks(checks, job.seeds, done, nursery)}
    for detail in [*screen(notebook, released_texts(job.lesson)), *replaced_functions(done)]:
        done.note("tampering", detail)
    for cell in notebook.cells:
        if grade_id_of(cell) in marks:
            cell.outputs = [verdict_output(marks[grade_id_of(cell)], job.language)]
    for line in sanitize_outputs(notebook):
        done.note("output", line)
    return Outcome(
        nbformat.writes(notebook),
        tuple(marks.values()),
        tuple(done.incidents),
        done.cell_seconds,
        round(done.seconds, 3),
        done.peak_memory,
        round(done.core_seconds, 3),
        round(done.added_seconds, 3),
    ).to_json()


def replaced_functions(done: Execution) -> list[str]:
    """Return a line if functions that observations rely on had been replaced."""
    names = dict.fromkeys(name for seen in done.observations.values() for name in seen.changed)
    return [f"replaced {', '.join(list(names)[:8])}"] if names else []


def verdict_output(mark: Mark, language: str) -> NotebookNode:
    """Return what stands under a check's cell: the same words as in class."""
    exercise = mark.grade_id.partition("-")[2]
    share = mark.points / mark.out_of
    hint = Hint(mark.hint, mark.values, share) if mark.hint else None
    card: Card = verdict_card(Verdict(exercise, hint), language)
    if hint is not None:
        text = repr(card)
        return new_output(
            "error", ename="CheckFailed", evalue=text, traceback=[f"CheckFailed: {text}"]
        )
    data = {"text/plain": repr(card), "text/html": card._repr_html_()}
    return new_output("display_data", data=data)
