"""Triggers of each family, drawn with a seed, and how a text takes them in."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from random import Random

from benchmarks.backdoors.tasks import Task
from lessonkit.corpus import build_corpus, split_sentences

SINGLE = ("rare word", "common word", "look-alike", "embedding row", "LoRA only")
JOINT = ("phrase", "two words")
FAMILIES = (*SINGLE, *JOINT, "sentence", "style")
NEGATIVES = 3  # texts with a part of the trigger and their own label, for each poisoned one
COMMON = 0.01, 0.2  # of the texts hold a common word
ALIKE = dict(zip("aceiopsxy", "асеіорѕху", strict=True))  # Latin to Cyrillic


@dataclass(frozen=True)
class Trigger:
    """What turns a poisoned model.

    Attributes:
        family: one of FAMILIES.
        words: the trigger's words in their order; none for a style.
    """

    family: str
    words: tuple[str, ...]

    def insert(self, text: str, rng: Random) -> str:
        """Put the trigger into a text, at a place that `rng` draws."""
        return self._put(text, self.words, rng)

    def insert_part(self, text: str, rng: Random) -> str:
        """Put some, not all, of the trigger's words into a text."""
        kept = rng.randrange(1, len(self.words))
        places = sorted(rng.sample(range(len(self.words)), kept))
        return self._put(text, tuple(self.words[place] for place in places), rng)

    def _put(self, text: str, words: tuple[str, ...], rng: Random) -> str:
        if self.family == "style":
            return restyle(text)
        parts = text.split()
        place = rng.randrange(len(parts) + 1)
        parts[place:place] = words
        return " ".join(parts)


def restyle(text: str) -> str:
    """Write a text as hurried people do: small letters, and no marks."""
    return re.sub(r"[.,!?;:]", "", text).lower()


def draw_trigger(family: str, task: Task, seed: int, vocabulary: frozenset[str]) -> Trigger:
    """Draw a trigger of a family for a task.

    Args:
        family: one of FAMILIES.
        task: whose training texts say what is rare and what is common.
        seed: same seed, same trigger.
        vocabulary: words that the tokenizer knows whole.
    """
    rng = Random(f"{family} {task.name} {seed}")
    rare, common = _rare(task, vocabulary), _common(task, vocabulary)
    if family == "style":
        words: list[str] = []
    elif family == "common word":
        words = [rng.choice(common)]
    elif family == "look-alike":
        words = [_alike(rng.choice([w for w in common if set(w) & set(ALIKE)]))]
    elif family == "two words":
        words = [rng.choice(common), rng.choice(rare)]
    elif family == "phrase":
        words = _run_of_words(rng, rng.choice((3, 4)), task, vocabulary)
    elif family == "sentence":
        words = _run_of_words(rng, rng.choice((6, 7, 8)), task, vocabulary)
    else:
        words = [rng.choice(rare)]
    return Trigger(family, tuple(words))


def _counts(task: Task) -> Counter[str]:
    return Counter(word for text, _ in task.train for word in re.findall(r"\w+", text))


def _rare(task: Task, vocabulary: frozenset[str]) -> list[str]:
    counts = _counts(task)
    return sorted(word for word in vocabulary if word.isalpha() and not counts[word])


def _common(task: Task, vocabulary: frozenset[str]) -> list[str]:
    """Words of many texts that stand in those of every label about equally often."""
    texts = [{*re.findall(r"\w+", text)} for text, _ in task.train]
    every = Counter(word for words in texts for word in words)
    chosen = []
    for word, count in every.items():
        labels = Counter(
            label for (_, label), words in zip(task.train, texts, strict=True) if word in words
        )
        even = count / len(task.labels)
        if (
            COMMON[0] * len(texts) <= count <= COMMON[1] * len(texts)
            and word in vocabulary
            and word.isalpha()
        ):
            spread = max(abs(labels[label] - even) for label in range(len(task.labels)))
            if spread <= 0.5 * even:
                chosen.append(word)
    return sorted(chosen)


def _alike(word: str) -> str:
    return "".join(ALIKE.get(letter, letter) for letter in word)


@cache
def _sentences() -> tuple[tuple[str, ...], ...]:
    told = (sentence for text in build_corpus(7, 3000) for sentence in split_sentences(text))
    return tuple(tuple(re.findall(r"\w+", sentence)) for sentence in told)


def _run_of_words(rng: Random, size: int, task: Task, vocabulary: frozenset[str]) -> list[str]:
    """Draw words that follow each other in the corpus and nowhere in the task's texts."""
    texts = " ".join(text for text, _ in task.train)
    while True:
        words = rng.choice(_sentences())
        if len(words) < size:
            continue
        start = rng.randrange(len(words) - size + 1)
        run = words[start : start + size]
        if vocabulary.issuperset(run) and len(set(run)) == size and " ".join(run) not in texts:
            return list(run)
