"""The class report as one page: no scripts, nothing loaded, everything a student wrote escaped."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gradekit.report import ENOUGH, ClassReport, Item, Scores, shortened
from gradekit.similarity import Alike
from lessonkit.cards import inline_code

TEMPLATES = Path(__file__).resolve().parent / "templates"
MOST_GROUPS = 25
MOST_PAIRS = 3  # of a group shown side by side
MOST_LINES = 40
LONGEST_LINE = 160
MOST_STUDENTS = 60
CHART = (720, 200)  # width and height of the score chart
KINDS = {
    "timeout": "ran out of time",
    "memory": "ran out of memory",
    "output": "wrote too much",
    "processes": "started too many processes",
    "died": "the kernel died",
    "unreadable": "could not be read",
    "tampering": "tampering",
    "network": "tried to reach the network",
    "files": "reached for files that are not its own",
    "worker": "took its worker down",
}


def render(report: ClassReport, now: datetime | None = None) -> str:
    """Return a class report as one HTML page.

    Args:
        report: what to show.
        now: time on the page; default is the present.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {
        "brief": shortened,
        "seconds": seconds,
        "percent": percent,
        "code": code,
    }
    return environment.get_template("report.html").render(
        report=report,
        enough=ENOUGH,
        kinds=KINDS,
        chart=chart(report.scores),
        verdict=verdict,
        groups=[_group(group) for group in report.alike[:MOST_GROUPS]],
        more_groups=max(0, len(report.alike) - MOST_GROUPS),
        most_students=MOST_STUDENTS,
        time=f"{now or datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def chart(scores: Scores) -> dict[str, Any]:
    """Return the score chart's bars and marks in pixels."""
    width, height = CHART
    most = max(count for *_, count in scores.bars)
    step = width / len(scores.bars)
    bars = [
        {
            "x": round(i * step + 1, 1),
            "y": round(height - height * count / max(1, most), 1),
            "width": round(step - 2, 1),
            "height": round(height * count / max(1, most), 1),
            "count": count,
            "label": f"{low:g} to {'' if i == len(scores.bars) - 1 else 'under '}{high:g} points",
        }
        for i, (low, high, count) in enumerate(scores.bars)
    ]
    every = max(1, math.ceil(len(bars) / 10))
    ticks = [
        {"x": round(i * step, 1), "text": f"{scores.bars[i][0]:g}"}
        for i in range(0, len(bars), every)
    ]
    ticks.append({"x": width, "text": f"{scores.out_of:g}"})
    place = width * scores.mean / scores.out_of if scores.out_of else 0
    return {"width": width, "height": height, "bars": bars, "ticks": ticks, "mean": round(place, 1)}


def verdict(item: Item) -> str:
    """Return what a person may want to look at in an item, or ""."""
    if item.correlation is not None and item.correlation < 0.1:
        return "strong students do no better here: look at its text and its check"
    if item.share < 0.3:
        return "hard for this class"
    if item.share > 0.97 and item.count >= ENOUGH:
        return "nearly everybody solves it"
    return ""


def seconds(value: float) -> str:
    """Return a time for reading: "0.04 s", "12 s", "3 min 20 s"."""
    if value < 0.0095:
        return f"{1000 * value:.1f} ms"
    if value < 9.95:
        return f"{value:.2g} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def code(text: str) -> Markup:
    """Escape text and set its back-quoted parts as code."""
    return Markup(inline_code(text))


def _group(group: Alike) -> dict[str, Any]:
    return {
        "students": group.students[:MOST_STUDENTS],
        "more": max(0, len(group.students) - MOST_STUDENTS),
        "share": max(pair.share for pair in group.pairs),
        "pairs": [
            {
                "students": pair.students,
                "share": pair.share,
                "evidence": pair.evidence,
                "passages": [
                    {
                        "exercise": passage.exercise,
                        "share": passage.share,
                        "sides": [_side(passage.left), _side(passage.right)],
                    }
                    for passage in pair.passages
                ],
            }
            for pair in group.pairs[:MOST_PAIRS]
        ],
        "more_pairs": max(0, len(group.pairs) - MOST_PAIRS),
    }


def _side(side: Any) -> dict[str, Any]:
    lines = [
        {"text": line[:LONGEST_LINE], "shared": shared}
        for line, shared in zip(side.lines, side.shared, strict=True)
    ]
    return {"student": side.student, "lines": lines[:MOST_LINES], "more": len(lines) > MOST_LINES}
