"""Diagrams that explain an idea before its code, drawn in the lesson's language."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lessonkit.session import current

FROZEN, TRAINED, PLAIN, MUTED = "#90caf9", "#ffcc80", "#eceff1", "#bdbdbd"
INK = "#263238"

_figures: dict[str, Callable[[str], None]] = {}


def show(name: str) -> None:
    """Draw a diagram.

    Raises:
        KeyError: no diagram has that name.
    """
    _figures[name](current().language)
    plt.show()


def _figure(name: str) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    def register(draw: Callable[[str], None]) -> Callable[[str], None]:
        _figures[name] = draw
        return draw

    return register


def _canvas(width: float, height: float) -> Axes:
    _, axes = plt.subplots(figsize=(width, height))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    return axes


def _box(
    axes: Axes, x: float, y: float, width: float, height: float, text: str, colour: str = PLAIN
) -> None:
    shape = FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0.03", facecolor=colour, edgecolor=INK, lw=0.8
    )
    axes.add_patch(shape)
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=9, color=INK)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 11, "color": "#607d8b", "lw": 1.2}
    axes.add_patch(FancyArrowPatch(start, end, **style))


def _chain(
    axes: Axes, boxes: Sequence[tuple[str, str]], y: float, width: float, height: float, gap: float
) -> None:
    """Draw boxes (text, colour) from left to right with arrows between them."""
    for i, (text, colour) in enumerate(boxes):
        x = 0.1 + i * (width + gap)
        _box(axes, x, y, width, height, text, colour)
        if i:
            _arrow(axes, (x - gap + 0.05, y + height / 2), (x - 0.05, y + height / 2))


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


def _draw_batches(axes: Axes, lengths: Sequence[int], size: int = 4) -> int:
    """Draw texts as bars, padded to their batch's longest; return the number of padded cells."""
    padding = 0
    for row, length in enumerate(lengths):
        batch = lengths[row - row % size : row - row % size + size]
        y = -row - 0.6 * (row // size)
        axes.barh(y, length, color=TRAINED, edgecolor="white")
        axes.barh(y, max(batch) - length, left=length, color=MUTED, edgecolor="white")
        padding += max(batch) - length
    axes.axis("off")
    return padding
