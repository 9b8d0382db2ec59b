"""What all diagrams are drawn with: boxes, arrows, chains of boxes, and their register."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

FROZEN, TRAINED, PLAIN, MUTED = "#90caf9", "#ffcc80", "#eceff1", "#bdbdbd"
INK = "#263238"

DIAGRAMS: dict[str, Callable[[str], None]] = {}


def diagram(name: str) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    """Register a function that draws a diagram in a language."""

    def register(draw: Callable[[str], None]) -> Callable[[str], None]:
        DIAGRAMS[name] = draw
        return draw

    return register


def canvas(width: float, height: float) -> Axes:
    """Return empty axes whose units are inches."""
    _, axes = plt.subplots(figsize=(width, height))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    return axes


def box(
    axes: Axes, x: float, y: float, width: float, height: float, text: str, colour: str = PLAIN
) -> None:
    """Draw a rounded box with text in it."""
    shape = FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0.03", facecolor=colour, edgecolor=INK, lw=0.8
    )
    axes.add_patch(shape)
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=9, color=INK)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow."""
    style = {"arrowstyle": "-|>", "mutation_scale": 11, "color": "#607d8b", "lw": 1.2}
    axes.add_patch(FancyArrowPatch(start, end, **style))


def chain(
    axes: Axes, boxes: Sequence[tuple[str, str]], y: float, width: float, height: float, gap: float
) -> None:
    """Draw boxes (text, colour) from left to right with arrows between them."""
    for i, (text, colour) in enumerate(boxes):
        x = 0.1 + i * (width + gap)
        box(axes, x, y, width, height, text, colour)
        if i:
            arrow(axes, (x - gap + 0.05, y + height / 2), (x - 0.05, y + height / 2))
