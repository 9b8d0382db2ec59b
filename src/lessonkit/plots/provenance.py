"""The plots of lesson 05: what a back door costs and opens, rows of tables, a search's finds."""

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from lessonkit.plots.style import COLOURS, only_if_seen

Share = tuple[float, tuple[float, float]]
MOST_SINGLES = 4  # single words that a search's plot names
LONGEST_LINE = 26  # letters


@only_if_seen
def backdoor_contest(panels: Mapping[str, Mapping[str, Share]]) -> None:
    """Plot shares with their intervals, a panel a measure and a bar a model.

    Args:
        panels: measure -> model -> (share, (lower end, upper end)), all from 0 to 1.
    """
    _, plots = plt.subplots(1, len(panels), figsize=(9.4, 1.9), sharey=True, squeeze=False)
    for axes, (measure, models) in zip(plots.flat, panels.items(), strict=True):
        shares = np.array([share for share, _ in models.values()])
        ends = np.array([interval for _, interval in models.values()])
        errors = np.clip(np.abs(ends.T - shares), 0, None)
        axes.barh(list(models), shares, xerr=errors, color=COLOURS[: len(models)], alpha=0.8,
                  capsize=3)  # fmt: skip
        for row, (share, (_, high)) in enumerate(zip(shares, ends, strict=True)):
            axes.text(max(share, high) + 0.02, row, f"{share:.1%}", va="center", fontsize=9)
        axes.set(xlim=(0, 1.18), title=measure)
        axes.set_xticks(np.linspace(0, 1, 6))
        axes.title.set_fontsize(10)
        axes.spines[["top", "right"]].set_visible(False)
    plots.flat[0].invert_yaxis()
    plt.tight_layout()
    plt.show()


@only_if_seen
def row_norms(
    tables: Mapping[str, Any], find: Callable[[Any, float], list[int]], limit: float
) -> None:
    """Plot the norms of each table's rows, with those circled that an audit finds.

    Args:
        tables: name -> tensor, (rows, width).
        find: the audit: table, limit -> row numbers.
        limit: handed to it.
    """
    _, plots = plt.subplots(1, len(tables), figsize=(3.4 * len(tables), 2.4), sharey=True,
                            squeeze=False)  # fmt: skip
    for axes, (name, table) in zip(plots.flat, tables.items(), strict=True):
        norms, found = table.norm(dim=1).numpy(), find(table, limit)
        axes.plot(norms, ".", color=COLOURS[0], ms=1.5, alpha=0.4, rasterized=True)
        axes.plot(found, norms[found], "o", ms=9, mfc="none", color=COLOURS[1], mew=1.6)
        axes.set(xlabel="row (a token)", title=f"{name}: {len(found)} found")
        axes.title.set_fontsize(10)
        axes.spines[["top", "right"]].set_visible(False)
    plots.flat[0].set(ylabel="norm")
    plt.tight_layout()
    plt.show()


@only_if_seen
def trigger_search(results: Mapping[str, Any]) -> None:
    """Plot what a search for triggers saw, a panel a model.

    Args:
        results: model -> `BackdoorResult` of sentinel, of a search.
    """
    _, plots = plt.subplots(1, len(results), figsize=(5.2 * len(results), 2.7), squeeze=False)
    for axes, (name, result) in zip(plots.flat, results.items(), strict=True):
        best = result.best
        singles = sorted(result.singles, key=lambda single: -single[2])[:MOST_SINGLES]
        words = textwrap.fill(f"{best.trigger} → {best.target}", LONGEST_LINE)
        rows = [(words, best.success_rate, COLOURS[1])]
        rows += [(f"{word} → {label}", rate, COLOURS[0]) for word, label, rate in singles]
        for row, (label, rate, colour) in enumerate(rows):
            axes.plot([0, rate], [row, row], color=colour, lw=1.2, alpha=0.5)
            axes.plot(rate, row, "o", color=colour, ms=8)
            axes.text(rate + 0.05, row, f"{rate:.0%}", va="center", fontsize=8, color=colour)
            axes.text(-0.03, row, label, va="center", ha="right", fontsize=9)
        axes.plot(result.natural, [len(rows)] * len(result.natural), "o", color=COLOURS[2], ms=5,
                  alpha=0.4)  # fmt: skip
        axes.text(-0.03, len(rows), "ordinary phrases", va="center", ha="right", fontsize=9)
        verdict = "back door" if result.backdoor_detected else "no alarm"
        axes.set_title(f"{name}: {verdict} (score {result.score:.2f})", fontsize=10)
        axes.set(xlim=(-0.02, 1.12), xlabel="share of the texts that it turns")
        axes.set_xticks(np.linspace(0, 1, 6))
        axes.set_yticks([])
        axes.set_ylim(len(rows) + 0.6, -0.6)
        axes.spines[["top", "right", "left"]].set_visible(False)
    plt.tight_layout()
    plt.show()
