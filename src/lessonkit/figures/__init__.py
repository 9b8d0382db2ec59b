"""Diagrams that explain an idea before its code, drawn in the lesson's language."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from lessonkit.figures import capstone, lora, provenance  # noqa: F401 - each registers its diagrams
from lessonkit.figures.drawing import DIAGRAMS, FROZEN, INK, MUTED, PLAIN, TRAINED
from lessonkit.figures.drawing import arrow as _arrow
from lessonkit.figures.drawing import box as _box
from lessonkit.figures.drawing import canvas as _canvas
from lessonkit.figures.drawing import chain as _chain
from lessonkit.figures.drawing import diagram as _figure
from lessonkit.session import current


def show(name: str) -> None:
    """Draw a diagram, where anybody looks.

    Raises:
        KeyError: no diagram has that name.
    """
    draw, course = DIAGRAMS[name], current()
    if course.profile.pictures:
        draw(course.language)
        plt.show()


@_figure("feature_extraction")
def _feature_extraction(language: str) -> None:
    texts = {
        "en": ["text", "tokenizer", "encoder\nfrozen", "token\nvectors", "pooling",
               "one vector\n(cache it)", "linear head\ntrained", "label"],
        "ru": ["текст", "токенизатор", "энкодер\nзаморожен", "векторы\nтокенов", "pooling",
               "один вектор\n(в кэш)", "линейная\nголова,\nобучается", "метка"],
    }[language]  # fmt: skip
    colours = [PLAIN, PLAIN, FROZEN, PLAIN, PLAIN, PLAIN, TRAINED, PLAIN]
    _chain(_canvas(12.1, 1.4), list(zip(texts, colours, strict=True)), 0.25, 1.24, 0.9, 0.25)


@_figure("pooling")
def _pooling(language: str) -> None:
    """Six token vectors, two of them padding, and what each way of pooling reads."""
    tokens = ("[CLS]", "not", "bad", "[SEP]", "[PAD]", "[PAD]")
    ways = {
        "en": ['"cls": the first vector', '"pooler": the first vector, then a layer and tanh',
               '"mean": the average of the real ones'],
        "ru": ['"cls": первый вектор', '"pooler": первый вектор, затем слой и tanh',
               '"mean": среднее по настоящим токенам'],
    }[language]  # fmt: skip
    used = [[0], [0], [0, 1, 2, 3]]
    axes = _canvas(9.6, 2.6)
    for column, token in enumerate(tokens):
        axes.text(0.55 + column, 2.3, token, ha="center", fontsize=9, color=INK)
        for row, columns in enumerate(used):
            colour = TRAINED if column in columns else (MUTED if column > 3 else PLAIN)
            _box(axes, 0.25 + column, 1.55 - row * 0.7, 0.6, 0.4, "", colour)
    for row, way in enumerate(ways):
        axes.text(6.25, 1.75 - row * 0.7, way, va="center", fontsize=9, color=INK)


@_figure("sorted_batches")
def _sorted_batches(language: str) -> None:
    """The same eight texts in batches of four, as they come and sorted by length."""
    titles = {
        "en": ["in the order they come", "sorted by length", "padding: {} of {} cells"],
        "ru": ["в исходном порядке", "отсортированы по длине", "padding: ячеек {} из {}"],
    }[language]
    lengths = [3, 12, 5, 2, 9, 4, 11, 3]
    _, panels = plt.subplots(1, 2, figsize=(9, 2.6))
    for axes, order, title in zip(panels, (lengths, sorted(lengths)), titles, strict=False):
        padding = _draw_batches(axes, order)
        axes.set_title(f"{title}\n{titles[2].format(padding, padding + sum(order))}", fontsize=9)


def _draw_batches(axes: Axes, lengths: Sequence[int], size: int = 4, least: int = 0) -> int:
    """Draw texts as bars, padded to their batch's longest; return the number of padded cells.

    A batch is never shorter than `least`.
    """
    padding = 0
    for row, length in enumerate(lengths):
        batch = lengths[row - row % size : row - row % size + size]
        width = max(*batch, least)
        y = -row - 0.6 * (row // size)
        axes.barh(y, length, color=TRAINED, edgecolor="white")
        axes.barh(y, width - length, left=length, color=MUTED, edgecolor="white")
        padding += width - length
    axes.axis("off")
    return padding


@_figure("scratch_or_transfer")
def _scratch_or_transfer(language: str) -> None:
    """Three tasks with three models of their own, and three on one pre-trained model."""
    texts = {
        "en": ["from scratch", "transfer learning", "random\nweights", "many\nlabels", "task",
               "much data,\nno labels", "pre-trained model", "few labels"],
        "ru": ["с нуля", "transfer learning", "случайные\nвеса", "много\nметок", "задача",
               "много данных,\nбез меток", "pre-trained модель", "мало меток"],
    }[language]  # fmt: skip
    scratch, transfer, weights, many, task, unlabelled, model, few = texts
    axes = _canvas(11.2, 3.5)
    axes.text(2.0, 3.3, scratch, ha="center", fontsize=11, color=INK)
    axes.text(8.2, 3.3, transfer, ha="center", fontsize=11, color=INK)
    for row, name in enumerate("ABC"):
        y = 2.2 - row * 1.0
        _chain(
            axes, [(weights, PLAIN), (many, TRAINED), (f"{task} {name}", PLAIN)], y, 1.15, 0.7, 0.3
        )
    _box(axes, 5.2, 1.2, 1.3, 0.7, unlabelled)
    _box(axes, 6.9, 1.05, 1.45, 1.0, model.replace(" ", "\n"), FROZEN)
    _arrow(axes, (6.55, 1.55), (6.85, 1.55))
    for row, name in enumerate("ABC"):
        y = 2.2 - row * 1.0
        _box(axes, 8.9, y, 1.0, 0.7, few.replace(" ", "\n"), TRAINED)
        _box(axes, 10.1, y, 1.0, 0.7, f"{task} {name}")
        _arrow(axes, (8.4, 1.55), (8.85, y + 0.35))
        _arrow(axes, (9.93, y + 0.35), (10.07, y + 0.35))


@_figure("masking")
def _masking(language: str) -> None:
    """One sentence, what the model sees of it and what it has to predict."""
    rows = {
        "en": ["text", "input", "label", ["masked", "random", "unchanged"]],
        "ru": ["текст", "вход", "метка", ["под маской", "случайный", "без изменений"]],
    }[language]
    words = ["the", "cat", "sat", "on", "the", "mat", "near", "the", "door"]
    seen = {1: "[MASK]", 4: "soup", 8: "door"}
    axes = _canvas(10.4, 2.5)
    for row, name in enumerate(rows[:3]):
        axes.text(0.8, 1.95 - row * 0.6, name, ha="right", va="center", fontsize=9, color=INK)
    for column, word in enumerate(words):
        x = 1.0 + column * 1.03
        chosen = column in seen
        _box(axes, x, 1.75, 0.9, 0.4, word)
        _box(axes, x, 1.15, 0.9, 0.4, seen.get(column, word), TRAINED if chosen else PLAIN)
        _box(axes, x, 0.55, 0.9, 0.4, word if chosen else "−100", TRAINED if chosen else MUTED)
    for column, fate in zip(seen, rows[3], strict=True):
        axes.text(1.45 + column * 1.03, 0.25, fate, ha="center", fontsize=9, color=INK)


@_figure("causal_mask")
def _causal_mask(language: str) -> None:
    """Which token may see which."""
    labels = {"en": ["sees", "the token"], "ru": ["видит", "токен"]}[language]
    words = ["The", "cat", "sat", "on", "the", "mat"]
    axes = _canvas(5.2, 3.1)
    axes.text(3.2, 2.95, labels[0], ha="center", fontsize=9, color=INK)
    axes.text(0.25, 1.2, labels[1], rotation=90, va="center", fontsize=9, color=INK)
    for row, word in enumerate(words):
        y = 2.1 - row * 0.4
        axes.text(1.25, y + 0.16, word, ha="right", va="center", fontsize=9, color=INK)
        axes.text(1.72 + row * 0.6, 2.6, word, ha="center", fontsize=9, color=INK)
        for column in range(len(words)):
            colour = FROZEN if column <= row else PLAIN
            _box(axes, 1.47 + column * 0.6, y, 0.5, 0.3, "✓" if column <= row else "", colour)


@_figure("contrastive")
def _contrastive(language: str) -> None:
    """Pictures against captions; the diagonal is right."""
    texts = {
        "en": ["picture {}", "caption {}", "each row and each column is a question;\n"
               "the right answer is on the diagonal"],
        "ru": ["картинка {}", "подпись {}", "каждая строка и каждый столбец — вопрос;\n"
               "верный ответ стоит на диагонали"],
    }[language]  # fmt: skip
    axes = _canvas(9.4, 2.7)
    for row in range(4):
        y = 1.75 - row * 0.5
        axes.text(1.35, y + 0.18, texts[0].format(row + 1), ha="right", va="center", fontsize=9)
        axes.text(2.0 + row * 1.05, 2.35, texts[1].format(row + 1), ha="center", fontsize=9)
        for column in range(4):
            right = column == row
            _box(axes, 1.55 + column * 1.05, y, 0.9, 0.36, "1" if right else "0",
                 TRAINED if right else PLAIN)  # fmt: skip
    axes.text(6.0, 1.2, texts[2], va="center", fontsize=9, color=INK)


@_figure("denoising")
def _denoising(language: str) -> None:
    """What BART and T5 make of one damaged sentence."""
    head = {"en": ["text", "input", "to write"], "ru": ["текст", "вход", "написать"]}[language]
    lines = [
        ("", "the cat sat on the mat near the door", ""),
        ("BART", "the [MASK] sat on [MASK] near the door", "the cat sat on the mat near the door"),
        ("T5", "the <extra_id_0> sat on <extra_id_1> near the door",
         "<extra_id_0> cat <extra_id_1> the mat <extra_id_2>"),
    ]  # fmt: skip
    axes = _canvas(11.4, 2.3)
    axes.text(0.9, 2.05, head[0] + ":", ha="right", va="center", fontsize=9, color=INK)
    axes.text(1.0, 2.05, lines[0][1], va="center", fontsize=9, color=INK, family="monospace")
    axes.text(3.3, 1.6, head[1], ha="center", fontsize=9, color=INK)
    axes.text(8.6, 1.6, head[2], ha="center", fontsize=9, color=INK)
    for row, (name, damaged, answer) in enumerate(lines[1:]):
        y = 0.95 - row * 0.65
        axes.text(0.7, y + 0.22, name, ha="right", va="center", fontsize=10, color=INK)
        _box(axes, 0.9, y, 4.9, 0.45, damaged)
        _box(axes, 6.2, y, 4.9, 0.45, answer, TRAINED)
        _arrow(axes, (5.85, y + 0.22), (6.15, y + 0.22))


@_figure("full_fine_tuning")
def _full_fine_tuning(language: str) -> None:
    """The same chain as in feature extraction, but everything with weights is trained."""
    texts = {
        "en": ["text", "tokenizer", "encoder\ntrained", "token\nvectors", "masked\nmean",
               "linear head\ntrained", "label", "the loss corrects every weight"],
        "ru": ["текст", "токенизатор", "энкодер\nобучается", "векторы\nтокенов",
               "среднее\nс маской", "линейная голова\nобучается", "метка",
               "функция потерь исправляет каждый вес"],
    }[language]  # fmt: skip
    colours = [PLAIN, PLAIN, TRAINED, PLAIN, PLAIN, TRAINED, PLAIN]
    axes = _canvas(11.2, 1.9)
    _chain(axes, list(zip(texts[:-1], colours, strict=True)), 0.75, 1.3, 0.9, 0.27)
    _arrow(axes, (10.2, 0.45), (3.3, 0.45))
    axes.text(6.7, 0.15, texts[-1], ha="center", va="center", fontsize=9, color=INK)


@_figure("padding")
def _padding(language: str) -> None:
    """Eight texts in batches of four, padded in three ways."""
    titles = {
        "en": ["all to one length", "each batch to its longest", "batches of similar length",
               "padding: {} of {} cells"],
        "ru": ["все до одной длины", "каждый батч до своего длинного",
               "батчи из похожих по длине", "padding: ячеек {} из {}"],
    }[language]  # fmt: skip
    lengths, longest = [3, 12, 5, 2, 9, 4, 6, 3], 14
    ways = [(lengths, longest), (lengths, 0), (sorted(lengths, reverse=True), 0)]
    _, panels = plt.subplots(1, 3, figsize=(11, 2.6), sharex=True)
    for axes, (order, least), title in zip(panels, ways, titles, strict=False):
        padding = _draw_batches(axes, order, least=least)
        axes.set_title(f"{title}\n{titles[3].format(padding, padding + sum(order))}", fontsize=9)


@_figure("step_sizes")
def _step_sizes(language: str) -> None:
    """Three learning rates on a loss with a flat, good valley beside the pre-trained start."""
    texts = {
        "en": ["too small", "right", "too large", "pre-trained\nstart", "loss"],
        "ru": ["слишком мал", "верен", "слишком велик", "pre-trained\nначало", "функция потерь"],
    }[language]  # fmt: skip
    x = np.linspace(-1.6, 4.2, 200)
    paths = [[0, 0.06, 0.12, 0.18], [0, 0.45, 0.8, 1.0], [0, 2.6, -1.2, 3.7]]
    _, panels = plt.subplots(1, 3, figsize=(11, 2.3), sharey=True)
    for axes, title, path in zip(panels, texts, paths, strict=False):
        axes.plot(x, _valley(x), color="#90a4ae")
        points = np.array(path)
        axes.plot(points, _valley(points), "o-", color="#ef6c00", ms=5, lw=1.2)
        axes.set_title(title, fontsize=10)
        axes.set(xticks=[], yticks=[], ylim=(-0.4, 3.2))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel(texts[4], fontsize=9)
    panels[0].annotate(texts[3], (0, _valley(np.zeros(1))[0]), xytext=(-1.55, -0.1), fontsize=8,
                       va="center", color=INK)  # fmt: skip


def _valley(x: np.ndarray) -> np.ndarray:
    """Return a loss with its minimum at 1."""
    return 0.35 * (x - 1) ** 2
