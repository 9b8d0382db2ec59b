"""The plots of lesson 04: what fits where, and what rank and layers are worth."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from lessonkit.messages import interface_text
from lessonkit.plots.style import COLOURS, only_if_seen
from lessonkit.session import current

PARTS = ("weights", "gradients", "optimizer")
PART_COLOURS = ("#90caf9", "#b0bec5", "#ffcc80")  # as in the diagram of the bytes
METHOD_MARKERS = ("s", "D", "o", "^")


@only_if_seen
def memory_chart(
    bytes_of: Mapping[str, Mapping[str, Mapping[str, float]]], limits: Mapping[str, float]
) -> None:
    """Plot what training takes: the parts for the last model, and every total beside devices.

    Args:
        bytes_of: model -> method -> {"weights", "gradients", "optimizer"} in bytes.
        limits: device -> bytes of memory it has.
    """
    _, panels = plt.subplots(1, 2, figsize=(11.4, 3.4), width_ratios=(1, 1.35), layout="tight")
    model = list(bytes_of)[-1]
    _stack_parts(panels[0], bytes_of[model])
    panels[0].set_title(f"{model}: what takes the memory", fontsize=10)
    _compare_totals(panels[1], bytes_of, limits)
    plt.show()


def _stack_parts(axes: Axes, methods: Mapping[str, Mapping[str, float]]) -> None:
    left = np.zeros(len(methods))
    for part, colour in zip(PARTS, PART_COLOURS, strict=True):
        sizes = np.array([parts[part] / 1e9 for parts in methods.values()])
        axes.barh(list(methods), sizes, left=left, color=colour, label=part)
        left += sizes
    for row, total in enumerate(left):
        axes.text(total, row, f" {total:,.0f}", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.16)
    axes.set_xlabel("GB")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _compare_totals(
    axes: Axes,
    bytes_of: Mapping[str, Mapping[str, Mapping[str, float]]],
    limits: Mapping[str, float],
) -> None:
    rows = {model: -row for row, model in enumerate(bytes_of)}
    methods = list(next(iter(bytes_of.values())))
    for method, colour, marker in zip(methods, COLOURS, METHOD_MARKERS, strict=False):
        size = 11 if marker == "s" else 6  # two methods take equally much: one around the other
        totals = [sum(parts[method].values()) / 1e9 for parts in bytes_of.values()]
        axes.plot(totals, list(rows.values()), marker, color=colour, ms=size, mew=1.8,
                  mfc="none" if marker == "s" else colour, label=method)  # fmt: skip
    for row, (device, room) in enumerate(sorted(limits.items(), key=lambda item: item[1])):
        axes.axvline(room / 1e9, color="black", lw=1, ls=("--", "-.", ":")[row % 3], label=device)
    axes.set_xscale("log")
    axes.set_yticks(list(rows.values()), list(rows))
    axes.margins(y=0.2)
    axes.set_xlabel("GB of weights, gradients and optimizer")
    axes.set_title("left of a line it fits", fontsize=10)
    axes.grid(alpha=0.25, axis="x")
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


@only_if_seen
def adapter_grid(
    rows: Sequence[Mapping[str, Any]],
    references: Mapping[str, tuple[float, float]],
    chosen: Mapping[str, Any] | None = None,
) -> None:
    """Plot accuracy over the number of trained parameters, one curve a set of target layers.

    Args:
        rows: "targets", "r", "trained", "accuracy", "spread" of each adapter.
        references: method -> (accuracy, spread), drawn as bands.
        chosen: one of the rows, to be circled.
    """
    _, axes = plt.subplots(figsize=(7.6, 3.8), layout="tight")
    for colour, targets in zip(
        COLOURS, dict.fromkeys(row["targets"] for row in rows), strict=False
    ):
        own = [row for row in rows if row["targets"] == targets]
        sizes, means, spreads = (
            np.array([row[name] for row in own]) for name in ("trained", "accuracy", "spread")
        )
        axes.errorbar(
            sizes, means, spreads, color=colour, marker="o", ms=5, capsize=3, label=targets
        )
        for row in own:
            axes.annotate(f"r={row['r']}", (row["trained"], row["accuracy"]), xytext=(5, -11),
                          textcoords="offset points", fontsize=8, color=colour)  # fmt: skip
    for colour, (name, (mean, spread)) in zip(COLOURS[2:], references.items(), strict=False):
        axes.axhline(mean, color=colour, lw=1.2, ls="--", label=name)
        axes.axhspan(mean - spread, mean + spread, color=colour, alpha=0.1, lw=0)
    if chosen is not None:
        axes.plot(chosen["trained"], chosen["accuracy"], "o", ms=15, mfc="none", mec="#c62828")
    axes.set_xscale("log", base=2)
    ticks = sorted({row["trained"] for row in rows if row["r"] in (4, 8, 16, 32)})[::2]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], fontsize=8)
    axes.margins(x=0.1)
    axes.set(xlabel="trained parameters", ylabel="accuracy")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    plt.show()


@only_if_seen
def contest(
    scores: Mapping[str, tuple[float, float]], guesses: Mapping[str, float | None] | None = None
) -> None:
    """Plot the accuracy of methods as points with error bars, and what the student predicted.

    Args:
        scores: method -> (mean, standard deviation) of the accuracy.
        guesses: method -> predicted accuracy, drawn as a cross; None where there is none.
    """
    _, axes = plt.subplots(figsize=(7.2, 0.42 * len(scores) + 1.0), layout="tight")
    rows = range(len(scores))
    for row, colour, (mean, spread) in zip(rows, COLOURS, scores.values(), strict=False):
        axes.errorbar(mean, row, xerr=spread, color=colour, marker="o", ms=7, capsize=4)
        axes.text(mean, row - 0.22, f"{mean:.3f}", ha="center", fontsize=8, color=colour)
    axes.set_yticks(rows, list(scores))
    for row, (name, colour) in enumerate(zip(scores, COLOURS, strict=False)):
        if (guesses or {}).get(name) is not None:
            axes.plot(guesses[name], row, "x", color=colour, ms=9)
            label = interface_text("your_guess", current().language)
            axes.annotate(label, (guesses[name], row), xytext=(0, -14), fontsize=8, color=colour,
                          textcoords="offset points", ha="center")  # fmt: skip
    axes.invert_yaxis()
    axes.margins(x=0.1, y=0.2)
    axes.set_xlabel("test accuracy")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()
