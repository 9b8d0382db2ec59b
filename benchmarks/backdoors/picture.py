"""Draw the scores of the reported zoo, model by model: `python -m benchmarks.backdoors.picture`."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from benchmarks.backdoors.measure import SUMMARY
from lessonkit.paths import ROOT

PICTURE = ROOT / "docs" / "backdoors.png"
CLEAN, FOUND, MISSED = "#757575", "#1565c0", "#ef6c00"


def draw(measured: dict[str, Any]) -> plt.Figure:
    """Return a strip of points for the clean models and for each family of triggers."""
    families = ["clean", *(name for name, count in measured["backdoored"].items() if count)]
    figure, axes = plt.subplots(figsize=(8.4, 3.6))
    rng = Random(0)
    for place, family in enumerate(families):
        for row in measured["models"]:
            if row["family"] == family:
                score = row["with_reference"]["score"]
                colour = FOUND if score > measured["threshold"] else MISSED
                colour = CLEAN if family == "clean" else colour
                axes.scatter(place + rng.uniform(-0.2, 0.2), score, s=18, c=colour, alpha=0.8)
    axes.axhline(measured["threshold"], color="black", lw=0.8, ls="--")
    axes.text(0.99, measured["threshold"] + 0.01, "threshold", ha="right", size=8,
              transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_xticks(range(len(families)), families, rotation=20, ha="right")
    axes.set(ylabel="score of the search", ylim=(-0.02, 1.02))
    axes.grid(axis="y", alpha=0.25)
    figure.tight_layout()
    return figure


def main() -> None:
    measured = json.loads(SUMMARY.read_text(encoding="utf-8"))
    draw(measured).savefig(PICTURE, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
