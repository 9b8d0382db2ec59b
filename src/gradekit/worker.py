"""What runs on a worker: one notebook, in a sandbox of the worker's own nursery."""

import atexit
import threading
from functools import cache
from importlib import import_module

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

from gradekit.answers import import_lines
from gradekit.course import source_file
from gradekit.execution import DRAWING, Execution, execute
from gradekit.jobs import Job, Outcome, Setting
from gradekit.judging import mark_check
from gradekit.repair import grade_id_of, released_cells, released_texts
from gradekit.results import Mark
from gradekit.sandbox import Limits, Nursery
from gradekit.sanitize import sanitize_outputs
from gradekit.screening import screen
from gradekit.sources import read_lesson
from lessonkit.cards import Card
from lessonkit.checks.core import LESSON_MODULES, Hint, Verdict
from lessonkit.checks.display import verdict_card

_nurseries: dict[tuple[str, str], Nursery] = {}
_starting = threading.Lock()


def run_job(job_text: str, setting_text: str) -> str:
    """Execute a notebook, judge its answers, and return the outcome; JSON in and out.

    Raises:
        SandboxError: this worker cannot make sandboxes.
    """
    job, setting = Job.from_json(job_text), Setting.from_json(setting_text)
    prepare(job.lesson, setting)
    notebook = nbformat.reads(job.notebook, as_version=4)
    done = execute(notebook, job.seeds, Limits(**setting.limits), nursery_for(job.lesson, setting))
    checks = [graded for graded in released_cells(job.lesson) if graded.kind == "check"]
    with DRAWING:
        marks = {graded.grade_id: mark_check(graded, job.seeds, done) for graded in checks}
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


def nursery_for(lesson: str, setting: Setting) -> Nursery:
    """Return this process's nursery for a lesson, started if none runs; it may still warm up."""
    key = (lesson, setting.to_json())
    with _starting:
        if key in _nurseries and not _nurseries[key].alive:
            _nurseries.pop(key).close()
        if key not in _nurseries:
            _nurseries[key] = Nursery(
                warm_up_for(lesson), setting.threads, setting.profile, unsafe=setting.unsafe
            )
        return _nurseries[key]


def prepare(lesson: str, setting: Setting) -> None:
    """Get ready for a lesson's notebooks: import what judges them while the nursery warms up.

    Raises:
        SandboxError: this worker cannot make sandboxes.
    """
    nursery = nursery_for(lesson, setting)
    import_module(LESSON_MODULES[lesson[:2]])
    import torch

    torch.set_num_threads(setting.threads)  # the other cores run notebooks
    nursery.wait_until_ready()


@atexit.register
def close_nurseries() -> None:
    """End this process's nurseries and the kernels in them."""
    for nursery in _nurseries.values():
        nursery.close()
    _nurseries.clear()


# What the libraries do on first use: modules imported then, weights hashed, kernels compiled.
FIRST_USES = """\
import torch._dynamo, torch.profiler._cupti_monitor

import pandas.io.formats.html, pandas.io.formats.string, scipy.io

import matplotlib.backends.backend_agg, PIL.JpegImagePlugin, PIL.PngImagePlugin

import datasets.packaged_modules.json.json, lessonkit.session, lessonkit.questions

import transformers.models.bert.modeling_bert, transformers.models.bert.tokenization_bert

import tqdm, transformers
tqdm.tqdm.monitor_interval = 0
transformers.utils.logging.disable_progress_bar()

from lessonkit import model_folder
from transformers import AutoModel, AutoTokenizer
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.feature_extraction.text import TfidfVectorizer
words, labels = ["one word", "two words", "no word", "a word"] * 2, [0, 1] * 4
make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(words, labels).predict(words)

import matplotlib.pyplot as plt
figure, panels = plt.subplots(1, 2, layout="tight")
panels[0].errorbar([1, 2], [1, 2], [0.1, 0.1], label="a", capsize=3)
panels[0].set(xscale="log", xlabel="count", title="curves")
panels[0].legend()
panels[1].barh(["a", "b"], [1, 2], xerr=[0.1, 0.1])
plt.close(figure)

import pandas
pandas.DataFrame({"a": [1, 2]})._repr_html_()

with torch.random.fork_rng():
    layer = torch.nn.Linear(4, 2)
    optimizer = torch.optim.AdamW(layer.parameters())
    scores = layer(torch.ones(3, 4))
    torch.nn.functional.cross_entropy(scores, torch.zeros(3, dtype=int)).backward()
    optimizer.step()

folder = model_folder("encoder")
tokenizer, encoder = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
for count in (1, 8, 32):
    with torch.inference_mode():
        encoder(**tokenizer(["a few words"] * count, padding=True, return_tensors="pt"))
"""


@cache
def warm_up_for(lesson: str) -> str:
    """Return the statements that a lesson's kernels start behind."""
    imports = import_lines(read_lesson(source_file(lesson)))
    return "\n\n".join([*imports, f"import {LESSON_MODULES[lesson[:2]]}", FIRST_USES])


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
