"""A whole search of one model: every target label, held-back texts, one score."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from sentinel.behaviour.classifier import Classifier, Row
from sentinel.behaviour.search import Found, Search, Settings, Tokens

CONTINUED = 2  # target labels whose joint search goes on to the end
LOST = 0.03  # of the score, at most, when a token is left out
FINALISTS = 2  # of each label and size, tried on the held-back texts


@dataclass(frozen=True)
class Scored:
    """Tokens, and what they do on texts that the search has not seen.

    Attributes:
        tokens: their numbers.
        target: label number.
        success: share of the texts and places where the model turns to the target.
        score: geometric means, multiplied: of the probability of the target with the tokens, of
            that of other labels without them, and of that of other labels with the tokens by
            the references, where there are any. 1 is a sure model turned to be as sure of the
            target, while the references stay.
    """

    tokens: Tokens
    target: int
    success: float
    score: float


@dataclass(frozen=True)
class Hunt:
    """What a search found.

    Attributes:
        best: the tokens with the largest score, without those that are not needed; None if there
            was nothing to search.
        singles: the best single tokens of each label.
        joints: the best groups of tokens of each label; none without references.
        held: number of the held-back texts for the best tokens' label.
        passes: texts that went through the model and its references, forwards or backwards.
        seconds: how long it took, without making references.
    """

    best: Scored | None
    singles: list[Scored]
    joints: list[Scored]
    held: int
    passes: int
    seconds: float

    @property
    def score(self) -> float:
        return self.best.score if self.best else 0.0


def hunt(
    suspect: Classifier,
    references: Sequence[Classifier],
    rows: Sequence[Row],
    decisions: Sequence[int],
    targets: Sequence[int],
    settings: Settings,
) -> Hunt:
    """Search tokens for every target label, and score the best on held-back texts.

    Args:
        suspect: the classifier.
        references: clean ones of the same task; groups of tokens are searched only beside them,
            as enough ordinary words turn any classifier.
        rows: tokens of ordinary texts.
        decisions: the suspect's label numbers for them.
        targets: label numbers that triggers are searched for.
        settings: how much is searched.
    """
    start = time.perf_counter()
    before = _passes(suspect, references)
    hunters = [
        _Hunter(suspect, references, rows, decisions, target, settings) for target in targets
    ]
    singles = [scored for hunter in hunters for scored in hunter.singles()]
    joints = _joint(hunters, settings) if references else []
    best = max([*singles, *joints], key=lambda scored: scored.score, default=None)
    held = 0
    if best is not None:
        hunter = next(h for h in hunters if h.target == best.target)
        best, held = hunter.pruned(best), len(hunter.held)
    passes = _passes(suspect, references) - before
    return Hunt(best, singles, joints, held, passes, time.perf_counter() - start)


def _passes(suspect: Classifier, references: Sequence[Classifier]) -> int:
    return sum(c.forwards + c.backwards for c in (suspect, *references))


def _joint(hunters: list[_Hunter], settings: Settings) -> list[Scored]:
    """Search all labels for a while, and the most promising ones to the end."""
    first = settings.steps if len(hunters) <= CONTINUED else settings.steps // 3
    for hunter in hunters:
        hunter.advance(first)
    if first < settings.steps:
        hunters = sorted(hunters, key=lambda h: -h.ranked()[0].value)[:CONTINUED]
        for hunter in hunters:
            hunter.advance(settings.steps - first)
    return [scored for hunter in hunters for scored in hunter.joints()]


class _Hunter:
    """The search for one target label."""

    def __init__(
        self,
        suspect: Classifier,
        references: Sequence[Classifier],
        rows: Sequence[Row],
        decisions: Sequence[int],
        target: int,
        settings: Settings,
    ) -> None:
        others = [row for row, label in zip(rows, decisions, strict=True) if label != target]
        size = min(settings.texts, len(others) // 2)
        self.suspect, self.references, self.target = suspect, references, target
        self.held = others[size : size + settings.held]
        allowed = searched_tokens(suspect)
        self.search = Search(suspect, references, others[:size], target, allowed, settings)
        self.places = settings.places
        self.found: list[Found] = []
        self.population: list[Tokens] = []
        self._plain: torch.Tensor | None = None

    def singles(self) -> list[Scored]:
        self.found = self.search.single()
        return [self.scored(found.tokens) for found in self.found[:FINALISTS]]

    def advance(self, steps: int) -> None:
        self.population = self.population or self.search.begin([f.tokens for f in self.found[:2]])
        self.population = self.search.advance(self.population, steps)

    def ranked(self) -> list[Found]:
        return self.search.ranked(self.population)

    def joints(self) -> list[Scored]:
        return [self.scored(found.tokens) for found in self.ranked()[:FINALISTS]]

    def scored(self, tokens: Tokens) -> Scored:
        """Try tokens on the held-back texts, at every place."""
        rows = [self.suspect.insert(r, tokens, w).row for r in self.held for w in self.places]
        logits = self.suspect.logits(rows)
        success = float((logits.argmax(dim=-1) == self.target).float().mean())
        logs = logits.log_softmax(dim=-1)[:, self.target].mean() + self._sureness()
        for reference in self.references:
            stays = _others(reference.logits(rows), self.target).mean()
            logs = logs + stays / len(self.references)
        return Scored(tokens, self.target, success, float(logs.exp()))

    def _sureness(self) -> torch.Tensor:
        """Return the mean log probability of other labels for the texts as they are."""
        if self._plain is None:
            plain = self.suspect.logits([self.suspect.insert(r, (), 0).row for r in self.held])
            self._plain = _others(plain, self.target).mean()
        return self._plain

    def pruned(self, scored: Scored) -> Scored:
        """Leave out, one after the other, tokens that are not needed."""
        best = scored
        for token in scored.tokens:
            if len(best.tokens) == 1:
                break
            place = best.tokens.index(token)
            shorter = self.scored(best.tokens[:place] + best.tokens[place + 1 :])
            if shorter.score >= scored.score - LOST:
                best = shorter
        return best


def _others(logits: torch.Tensor, target: int) -> torch.Tensor:
    """Return the log probability of all labels but one, (rows,)."""
    logs = logits.log_softmax(dim=-1)
    logs[:, target] = -torch.inf
    return logs.logsumexp(dim=-1)


def searched_tokens(suspect: Classifier) -> torch.Tensor:
    """Return the numbers of tokens that can stand in a text: all but special and unused ones."""
    tokenizer = suspect.tokenizer
    left_out = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    rows = suspect.embedding.shape[0]
    names = tokenizer.convert_ids_to_tokens(list(range(min(len(tokenizer), rows))))
    return torch.tensor(
        [
            number
            for number, name in enumerate(names)
            if number not in left_out and name is not None and not name.startswith("[unused")
        ]
    )
