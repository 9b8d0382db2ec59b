"""The labelled task of lesson 01, `opinions`: does a short text praise or blame?

The words that carry the label are divided in two: those of the training texts and those of the
test texts. No word of one half stands in a text of the other half, but all of them stand in the
unlabelled corpus. Whoever classifies the test texts right must have learned the words there.
"""

import json
import re
from random import Random
from typing import Any

from lessonkit.corpus import read_world
from lessonkit.paths import DATA

OPINIONS = DATA / "opinions"
LABELS = ("blame", "praise")
LISTS = {"praise": ("praise", "praised"), "blame": ("blame", "blamed")}
SPLITS = {"train": ("seen", 320), "validation": ("seen", 120), "test": ("unseen", 240)}
FRAMES = (
    "The {x} was {w}.",
    "The {x} was really {w}.",
    "What {a} {w} {x}!",
    "It was {a} {w} {x}.",
    "We found the {x} {w}.",
    "{p} said that the {x} was {w}.",
    "{p} thought that it was {a} {w} {x}.",
    "{p} told everybody about the {w} {x}.",
    "{p} called the {x} {w}.",
    "Everything was {w}, and the {y} too.",
    "The {x} was {w}, and the {y} was {w2}.",
    "The {x} looked {w}.",
    "The new {x} was {w} and {w2}.",
    "Yesterday {p} had {a} {w} {x}.",
    "{p} {v} the {x}.",
    "{p} and {q} {v} the {x}.",
    "Everybody {v} the {x}, because it was {w}.",
)
PEOPLE = ("Anna", "Tom", "Lucy", "Peter", "Olga", "Ben", "My mother", "My uncle", "Kate", "Ivan")


def label_words(kind: str) -> dict[str, tuple[list[str], list[str]]]:
    """Return label -> (adjectives, verbs) of the training texts ("seen") or the test ("unseen")."""
    lists = read_world()["lists"]
    words = {}
    for label, (adjectives, verbs) in LISTS.items():
        words[label] = (_half(lists[adjectives], kind), _half(lists[verbs], kind))
    return words


def make_opinions(seed: int = 0) -> dict[str, list[dict[str, str]]]:
    """Return split -> rows (text, label, kind); the labels alternate, no text stands twice."""
    rng = Random(seed)
    texts: set[str] = set()
    splits = {}
    for split, (kind, size) in SPLITS.items():
        splits[split] = rows = []
        while len(rows) < size:
            pair = _pair(rng, kind)
            if len({*pair.values()} - texts) == len(LABELS):
                texts |= {*pair.values()}
                rows += [{"text": pair[label], "label": label, "kind": kind} for label in LABELS]
    return splits


def opinion_files(seed: int = 0) -> dict[str, str]:
    """Return file name -> content of the data set."""
    return {
        f"{split}.jsonl": "".join(json.dumps(row) + "\n" for row in rows)
        for split, rows in make_opinions(seed).items()
    }


def write_opinions() -> None:
    """Write the files of `data/opinions`."""
    OPINIONS.mkdir(exist_ok=True)
    for name, content in opinion_files().items():
        (OPINIONS / name).write_text(content, encoding="utf-8")


def _half(words: list[str], kind: str) -> list[str]:
    middle = len(words) // 2
    return words[:middle] if kind == "seen" else words[middle:]


def _pair(rng: Random, kind: str) -> dict[str, str]:
    """Fill one frame with the same nouns and names, once for each label."""
    frame = _pick(rng, FRAMES)
    nouns = [thing["name"] for thing in read_world()["judged"]]
    x, y = _two(rng, nouns)
    p, q = _two(rng, PEOPLE)
    pair = {}
    for label, (adjectives, verbs) in label_words(kind).items():
        w, w2 = _two(rng, adjectives)
        article = "an" if w[0] in "aeiou" else "a"
        verb = _pick(rng, verbs)
        text = frame.format(x=x, y=y, p=p, q=q, w=w, w2=w2, a=article, v=verb)
        pair[label] = re.sub(r"(?<=\w )My\b", "my", text)
    return pair


def _two(rng: Random, options: Any) -> tuple[Any, Any]:
    """Return two different ones of `options`."""
    first = _pick(rng, options)
    return first, _pick(rng, [option for option in options if option != first])


def _pick(rng: Random, options: Any) -> Any:
    """Return one of `options`; `random()` alone is the same on every version of Python."""
    return options[int(rng.random() * len(options))]
