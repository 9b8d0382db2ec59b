"""This process's nurseries, one for each lesson and setting. Importing this module takes little.

A command starts its nursery before it imports anything else: both take seconds, on two cores.
"""

import atexit
import threading

from gradekit.course import import_lines
from gradekit.jobs import Setting
from gradekit.sandbox import Nursery
from lessonkit.checks.core import LESSON_MODULES

_nurseries: dict[tuple[str, str], Nursery] = {}
_starting = threading.Lock()


def nursery_for(lesson: str, setting: Setting) -> Nursery:
    """Return this process's nursery for a lesson, started if none runs; it may still warm up.

    Raises:
        SandboxError: this machine cannot make sandboxes.
    """
    key = (lesson, setting.to_json())
    with _starting:
        if key in _nurseries and not _nurseries[key].alive:
            _nurseries.pop(key).close()
        if key not in _nurseries:
            _nurseries[key] = Nursery(
                warm_up_for(lesson), setting.threads, setting.profile, unsafe=setting.unsafe
            )
        return _nurseries[key]


@atexit.register
def close_nurseries() -> None:
    """End this process's nurseries and the kernels in them."""
    for nursery in _nurseries.values():
        nursery.close()
    _nurseries.clear()


def warm_up_for(lesson: str) -> str:
    """Return the statements that a lesson's kernels start behind."""
    number = lesson[:2]
    texts = TEXTS.format(number=number)
    return "\n\n".join(
        [*import_lines(lesson), f"import {LESSON_MODULES[number]}", texts, FIRST_USES]
    )


TEXTS = """\
from lessonkit.messages import interface_text, objectives
from lessonkit.questions import load_questions
interface_text("passed", "en"), objectives("{number}"), load_questions("{number}")
"""


# What the libraries do on first use: modules imported then, weights hashed, kernels compiled.
FIRST_USES = """\
import torch._dynamo, torch.profiler._cupti_monitor

import pandas.io.formats.html, pandas.io.formats.string, scipy.io

import matplotlib.backends.backend_agg, PIL.JpegImagePlugin, PIL.PngImagePlugin

import lessonkit.session, lessonkit.questions, lessonkit.texts
lessonkit.texts.load_texts("reviews", 2)["train"]["text"][:]

import numpy
from sklearn.manifold import TSNE
TSNE(perplexity=1, max_iter=250).fit_transform(numpy.eye(6))

import transformers.models.bert.modeling_bert, transformers.models.bert.tokenization_bert

import tqdm.auto, transformers
tqdm.tqdm.monitor_interval = 0
tqdm.auto.tqdm = tqdm.tqdm  # bars of letters, which TQDM_DISABLE hides, in place of widgets
transformers.utils.logging.disable_progress_bar()

from lessonkit import model_folder
from lessonkit.profiles import choose_profile
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

folder = model_folder(choose_profile().encoder)
tokenizer, encoder = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
for count in (1, 8, 32):
    with torch.inference_mode():
        encoder(**tokenizer(["a few words"] * count, padding=True, return_tensors="pt"))
"""
