"""Plots of what a lesson measured."""

import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, display
from matplotlib.axes import Axes

from lessonkit.messages import interface_text
from lessonkit.plots.lora import adapter_grid, contest, memory_chart
from lessonkit.plots.provenance import backdoor_contest, row_norms, trigger_search
from lessonkit.plots.style import COLOURS, only_if_seen
from lessonkit.session import current

__all__ = [
    "LossCurve",
    "adapter_grid",
    "backdoor_contest",
    "bars",
    "contest",
    "cost_and_quality",
    "label_curves",
    "layer_curve",
    "learning_rates",
    "memory_chart",
    "paired_bars",
    "picture_grid",
    "row_norms",
    "text_map",
    "trigger_search",
    "word_bars",
]

Curve = Mapping[int, tuple[float, float]]


class LossCurve:
    """A loss curve that is drawn again every few seconds while a model trains.

    Args:
        steps: how many values will come.
    """

    SECONDS_BETWEEN = 2.0

    def __init__(self, steps: int) -> None:
        self.losses: list[float] = []
        self.figure, self.axes = plt.subplots(figsize=(6.4, 2.6), layout="tight")
        self.axes.set(xlim=(0, steps), xlabel="step", ylabel="loss")
        self.axes.grid(alpha=0.25)
        self.points = self.axes.plot([], [], color=COLOURS[0], alpha=0.25, lw=0.8)[0]
        self.trend = self.axes.plot([], [], color=COLOURS[0])[0]
        plt.close(self.figure)  # shown by its handle only
        self.handle = display(self.figure, display_id=True)
        self.drawn = time.monotonic()

    def add(self, loss: float) -> None:
        """Take the loss of one more step."""
        self.losses.append(loss)
        if time.monotonic() - self.drawn > self.SECONDS_BETWEEN:
            self._draw()

    def finish(self) -> None:
        """Draw the curve a last time, with the mean of the last tenth."""
        self._draw()
        last = np.mean(self.losses[-max(1, len(self.losses) // 10) :])
        self.axes.set_title(
            f"loss: {self.losses[0]:.2f} at first, {last:.2f} at the end", fontsize=9
        )
        self._show()

    def _draw(self) -> None:
        steps = np.arange(1, len(self.losses) + 1)
        self.points.set_data(steps, self.losses)
        self.trend.set_data(steps, _running_mean(self.losses, 25))
        self.axes.set_ylim(0, max(self.losses) * 1.05)
        self._show()
        self.drawn = time.monotonic()

    def _show(self) -> None:
        if self.handle is not None:  # there is none outside a notebook
            self.handle.update(self.figure)


def _running_mean(values: Sequence[float], width: int) -> np.ndarray:
    """Average each value with up to `width` - 1 values before it."""
    sums = np.cumsum([0.0, *values])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - width, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


@only_if_seen
def word_bars(choices: Mapping[str, Mapping[str, float]]) -> None:
    """Plot a model's favourite words for each blank, most likely first.

    Args:
        choices: sentence -> word -> probability.
    """
    rows = (len(choices) + 1) // 2
    _, panels = plt.subplots(
        rows, 2, figsize=(8.4, 1.7 * rows), sharex=True, squeeze=False, layout="tight"
    )
    for axes in panels.flat[len(choices) :]:
        axes.axis("off")
    for axes, (sentence, words) in zip(panels.flat, choices.items(), strict=False):
        axes.barh(list(words), list(words.values()), color=COLOURS[0], alpha=0.8)
        axes.invert_yaxis()
        axes.set_title(sentence, fontsize=9, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[-1]:
        axes.set_xlabel("probability")
    plt.show()


@only_if_seen
def picture_grid(
    pictures: np.ndarray, captions: Sequence[str], right: Sequence[bool] | None = None
) -> None:
    """Show pictures with a caption under each.

    Args:
        pictures: (n, height, width, 3) uint8.
        captions: a text for each.
        right: whether each caption is right: written in green if so, in red if not.
    """
    columns = 4 if right is None else 8
    rows = -(-len(pictures) // columns)
    width = 2.5 if right is None else 1.25
    _, panels = plt.subplots(
        rows, columns, figsize=(width * columns, 1.6 * rows), squeeze=False, layout="tight"
    )
    marks = [None] * len(pictures) if right is None else right
    for axes in panels.flat:
        axes.axis("off")
    for axes, picture, caption, mark in zip(panels.flat, pictures, captions, marks, strict=False):
        axes.imshow(picture)
        colour = {None: "black", True: COLOURS[3], False: "#c62828"}[mark]
        axes.set_title(caption, fontsize=8, color=colour, y=-0.22)
    plt.show()


@only_if_seen
def label_curves(
    curves: Mapping[str, Mapping[str, Curve]], guesses: Mapping[str, float | None] | None = None
) -> None:
    """Plot accuracy over the number of labels, one panel a task, with standard deviations.

    Args:
        curves: task -> method -> number of labels -> (mean, standard deviation) of the accuracy.
        guesses: method -> accuracy that the student predicted; None where there is no prediction.
    """
    _, panels = plt.subplots(
        1, len(curves), figsize=(5.2 * len(curves), 3.6), sharey=True, layout="tight"
    )
    for axes, (task, methods) in zip(np.atleast_1d(panels), curves.items(), strict=True):
        for colour, (method, curve) in zip(COLOURS, methods.items(), strict=False):
            counts = list(curve)
            means, deviations = np.array([curve[count] for count in counts]).T
            axes.errorbar(
                counts, means, deviations, color=colour, label=method, marker="o", ms=4, capsize=3
            )
            _mark_guess(axes, (guesses or {}).get(method), colour)
        axes.set_xscale("log", base=2)
        axes.set_xticks(counts, counts)
        axes.set(title=task, xlabel="labelled examples")
        axes.axhline(0.5, color="black", lw=0.6, ls=":")
        axes.grid(alpha=0.25)
    first = np.atleast_1d(panels)[0]
    first.set_ylabel("test accuracy")
    first.legend(frameon=False, fontsize=9)
    plt.show()


def _mark_guess(axes: Axes, guess: float | None, colour: str) -> None:
    if guess is None:
        return
    label = interface_text("your_guess", current().language)
    axes.axhline(guess, color=colour, lw=1, ls="--", alpha=0.7)
    axes.annotate(label, (0.99, guess), xycoords=("axes fraction", "data"), ha="right", va="bottom",
                  fontsize=8, color=colour)  # fmt: skip


@only_if_seen
def bars(
    heights: Mapping[str, tuple[float, float]], ylabel: str, baseline: float | None = None
) -> None:
    """Plot named values as horizontal bars with error bars.

    Args:
        heights: name -> (value, half the length of its error bar).
        ylabel: what the values are.
        baseline: a value to mark by a dotted line.
    """
    names = list(heights)
    means, deviations = np.array([heights[name] for name in names]).T
    _, axes = plt.subplots(figsize=(6.4, 0.36 * len(names) + 0.9), layout="tight")
    axes.barh(names, means, xerr=deviations, color=COLOURS[0], alpha=0.8, capsize=3)
    for row, (mean, deviation) in enumerate(zip(means, deviations, strict=True)):
        axes.text(mean + deviation, row, f" {mean:.3g}", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(ylabel)
    axes.margins(x=0.12)
    if baseline is not None:
        axes.axvline(baseline, color="black", lw=0.8, ls=":")
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()


@only_if_seen
def layer_curve(scores: Sequence[tuple[float, float]], best_note: str = "best") -> None:
    """Plot the accuracy that each layer's features give; layer 0 is the embedding.

    Args:
        scores: (mean, standard deviation) by layer.
        best_note: text at the best layer.
    """
    means, deviations = np.array(scores).T
    layers = np.arange(len(means))
    _, axes = plt.subplots(figsize=(6.4, 3), layout="tight")
    axes.errorbar(layers, means, deviations, color=COLOURS[0], marker="o", capsize=3)
    best = int(means.argmax())
    axes.annotate(
        best_note, (best, means[best]), xytext=(0, 12), textcoords="offset points", ha="center"
    )
    axes.set(xlabel="layer (0 = embeddings)", ylabel="test accuracy", xticks=layers)
    axes.margins(y=0.25)
    axes.grid(alpha=0.25)
    plt.show()


def text_map(points: Any, texts: Sequence[str], labels: Sequence[str]) -> HTML:
    """Return a map of texts: hover over a dot to read its text.

    Plain HTML, so that it also works where no widget does.

    Args:
        points: (n, 2) coordinates.
        texts: what each dot stands for.
        labels: name of each dot's class; at most five classes.
    """
    points = np.asarray(points, dtype=float)
    low, high = points.min(axis=0), points.max(axis=0)
    places = 1 + 97 * (points - low) / np.where(high > low, high - low, 1)  # per cent
    colours = dict(zip(sorted(set(labels)), COLOURS, strict=False))
    dots = "".join(
        f'<span title="{escape(f"{label}: {text}")}" style="position:absolute;left:{x:.1f}%;'
        f"top:{99 - y:.1f}%;width:10px;height:10px;border-radius:50%;opacity:.65;"
        f'background:{colours[label]}"></span>'
        for (x, y), text, label in zip(places, texts, labels, strict=True)
    )
    legend = " ".join(
        f'<span style="color:{colour}">&#9679;</span> {escape(label)}&nbsp;&nbsp;'
        for label, colour in colours.items()
    )
    return HTML(
        f'<div>{legend}</div><div style="position:relative;max-width:760px;height:440px;'
        f'background:#fafafa;border:1px solid #ddd">{dots}</div>'
    )


@only_if_seen
def learning_rates(
    curves: Mapping[str, Mapping[float, float]], before: Mapping[str, float] | None = None
) -> None:
    """Plot accuracies over the learning rate that a model was trained with.

    Args:
        curves: what was tested -> learning rate -> accuracy.
        before: what was tested -> accuracy before any training, as a dotted line.
    """
    _, axes = plt.subplots(figsize=(6.4, 3.4), layout="tight")
    for colour, (name, curve) in zip(COLOURS, curves.items(), strict=False):
        axes.plot(list(curve), list(curve.values()), color=colour, marker="o", label=name)
        if name in (before or {}):
            axes.axhline(before[name], color=colour, lw=1.2, ls=":")
    rates = sorted({rate for curve in curves.values() for rate in curve})
    axes.set_xscale("log")
    axes.set_xticks(rates, [f"{rate:.0e}".replace("e-0", "e-") for rate in rates])
    axes.minorticks_off()
    axes.set(xlabel="learning rate", ylabel="accuracy on validation texts")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=9)
    plt.show()


@only_if_seen
def cost_and_quality(methods: Mapping[str, Mapping[str, float]]) -> None:
    """Plot what methods cost against how good they are; a circle's area is the peak memory.

    Args:
        methods: name -> "seconds", "peak_mb", "accuracy", "std" (of the accuracy).
    """
    largest = max(row["peak_mb"] for row in methods.values())
    _, axes = plt.subplots(figsize=(7.2, 3.6), layout="tight")
    for colour, (name, row) in zip(COLOURS, methods.items(), strict=False):
        x, y = row["seconds"], row["accuracy"]
        axes.errorbar(x, y, row["std"], color=colour, capsize=3)
        axes.scatter(x, y, s=40 + 700 * row["peak_mb"] / largest, color=colour, alpha=0.55)
        label = f"{name}\n{row['peak_mb']:,.0f} MB"
        axes.annotate(label, (x, y), xytext=(0, 20), textcoords="offset points", ha="center",
                      fontsize=8)  # fmt: skip
    axes.set(xlabel="seconds of training", ylabel="test accuracy")
    axes.margins(x=0.25, y=0.4)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.25)
    plt.show()


@only_if_seen
def paired_bars(groups: Mapping[str, Mapping[str, tuple[float, float]]], xlabel: str) -> None:
    """Plot several methods' values side by side for each group, as horizontal bars.

    Args:
        groups: method -> group -> (value, half the length of its error bar).
        xlabel: what the values are.
    """
    names = list(next(iter(groups.values())))
    height = 0.8 / len(groups)
    _, axes = plt.subplots(figsize=(6.8, 0.42 * len(names) + 1.1), layout="tight")
    for i, (colour, (method, values)) in enumerate(zip(COLOURS, groups.items(), strict=False)):
        means, deviations = np.array([values[name] for name in names]).T
        rows = np.arange(len(names)) + (i - (len(groups) - 1) / 2) * height
        axes.barh(rows, means, height, xerr=deviations, color=colour, alpha=0.8, capsize=2,
                  label=method)  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(xlabel)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()
