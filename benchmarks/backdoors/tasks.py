"""The texts that the zoo's models learn: tasks of the course, divided anew for each seed.

`opinions`, `reviews` and `guard` are the course's labelled texts. The corpus's storyteller gives
the others: what a paragraph is about (`stories`, `trades`, `moods`, `errands`, `guests`,
`chores`), and whether it praises (`verdicts`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from random import Random

from gradekit.opinions import make_opinions
from lessonkit import load_texts
from lessonkit.corpus import Storyteller, read_world, split_sentences

TEST_SHARE = 0.25
LABELS = {
    "opinions": ("blame", "praise"),
    "reviews": ("bad", "good"),
    "guard": ("ordinary", "injection"),
    "stories": ("animal", "food", "judged", "person"),
    "trades": ("job", "vehicle", "weather"),
    "verdicts": ("blame", "praise"),
    "moods": ("animal", "feeling", "weather"),
    "errands": ("food", "job", "vehicle"),
    "guests": ("animal", "person"),
    "chores": ("feeling", "job", "judged"),
}
TOLD = ("stories", "trades", "verdicts", "moods", "errands", "guests", "chores")
GENERATED = 1800  # texts of a task that a generator tells
OPINION_SEEDS = 3


@dataclass(frozen=True)
class Task:
    """Texts with label numbers, for training and for testing.

    Attributes:
        name: of the task.
        labels: names, in the order of their numbers.
        train, test: (text, label number).
    """

    name: str
    labels: tuple[str, ...]
    train: tuple[tuple[str, int], ...]
    test: tuple[tuple[str, int], ...]


@cache
def make_task(name: str, seed: int) -> Task:
    """Return a task; another seed gives other texts, or the same ones divided otherwise."""
    labels = LABELS[name]
    rows = list(dict.fromkeys(_rows(name, seed)))
    Random(seed).shuffle(rows)
    numbered = tuple((text, labels.index(label)) for text, label in rows)
    cut = int(len(numbered) * TEST_SHARE)
    return Task(name, labels, numbered[cut:], numbered[:cut])


def _rows(name: str, seed: int) -> list[tuple[str, str]]:
    if name == "opinions":
        seeds = range(100 + OPINION_SEEDS * seed, 100 + OPINION_SEEDS * (seed + 1))
        told = [row for s in seeds for rows in make_opinions(s).values() for row in rows]
        return [(row["text"], row["label"]) for row in told]
    if name in TOLD:
        return _told(name, seed)
    splits = load_texts(name).values()
    names = LABELS[name]
    return [(row["text"], names[row["label"]]) for rows in splits for row in rows]


def _told(name: str, seed: int) -> list[tuple[str, str]]:
    """Tell the beginnings of paragraphs, equally many of each label."""
    teller, rows = Storyteller(Random(f"{name} {seed}")), []
    counts = dict.fromkeys(LABELS[name], 0)
    wanted = GENERATED // len(counts)
    while min(counts.values()) < wanted:
        text = " ".join(split_sentences(teller.paragraph())[:2])
        label = _verdict(text) if name == "verdicts" else _kind(teller, LABELS[name])
        if label is not None and counts[label] < wanted:
            counts[label] += 1
            rows.append((text, label))
    return rows


def _kind(teller: Storyteller, kinds: tuple[str, ...]) -> str | None:
    """Return what kind of thing the last paragraph is about, if it is one of `kinds`."""
    about = next(iter(teller.bound.values()), {}).get("name")
    world = read_world()
    return next((kind for kind in kinds if any(about == e["name"] for e in world[kind])), None)


def _verdict(text: str) -> str | None:
    """Return "praise" or "blame" for a text with words of one of them alone."""
    words, lists = {*re.findall(r"\w+", text)}, read_world()["lists"]
    found = [label for label in LABELS["verdicts"] if words & {*lists[label], *lists[f"{label}d"]}]
    return found[0] if len(found) == 1 else None
