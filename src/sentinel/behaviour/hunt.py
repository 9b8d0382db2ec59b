"""A whole search of one model: every target label, held-back texts, one score."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from sentinel.behaviour.classifier import Classifier, Row
from sentinel.behaviour.search import Found, Search, Settings, Tokens

CONTINUED = 2  # target labels whose joint search goes on after the first round
CONFIRMED = 3  # finds that fresh references see
SURE = 0.8  # score at which nothing more is searched
LOST = 0.03  # of the score, at most, when a token is left out
FINALISTS = 2  # of each label and size, tried on the held-back texts
OWN = 2  # texts of one label alone, from which on a token is that label's own


@dataclass(frozen=True)
class Scored:
    """Tokens, and what they do on texts that the search has not seen.

    Attributes:
        tokens: their numbers.
        target: label number.
        success: share of the texts and places where the model turns to the target.
        turning: mean log probability of the target with the tokens, and of other labels without
            them, added.
        staying: mean log probability of other labels with the tokens by the reference that stays
            least; 0 without references.
        known: number of references that the search for it had.
        asked: number of references that `staying` is of.
    """

    tokens: Tokens
    target: int
    success: float
    turning: float
    staying: float = 0.0
    known: int = 0
    asked: int = 0

    @property
    def score(self) -> float:
        """From 0 to 1: a sure model turned to be as sure of the target; every reference stays."""
        return math.exp(self.turning + self.staying)


@dataclass(frozen=True)
class Hunt:
    """What a search found.

    Attributes:
        best: the tokens with the largest score, without those that are not needed; None if there
            was nothing to search.
        singles: the best single tokens of each label.
        joints: the best groups of tokens of each label; none without references.
        held: number of the held-back texts for the best tokens' label.
        passes: texts that have gone through the model and its references, forwards or
            backwards, from their first on: what references were trained on counts.
        seconds: how long it took, without making the first references.
        fresh: number of references that have seen the best tokens and not the search for them.
    """

    best: Scored | None
    singles: list[Scored]
    joints: list[Scored]
    held: int
    passes: int
    seconds: float
    fresh: int = 0

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
    fresh: Callable[[int], Classifier] | None = None,
) -> Hunt:
    """Search tokens for every target label, and score the best on held-back texts.

    A search also finds what its references have not learned of the task. A find that looks like a
    trigger is therefore tried beside references that its search has not seen, one after the
    other: what turns one of these is an ordinary word. They then join the next search.

    Args:
        suspect: the classifier.
        references: clean ones of the same task; groups of tokens are searched only beside them,
            as enough ordinary words turn any classifier.
        rows: tokens of ordinary texts.
        decisions: the suspect's label numbers for them.
        targets: label numbers that triggers are searched for.
        settings: how much is searched.
        fresh: makes another reference from a seed.
    """
    start = time.perf_counter()
    jury = _Jury(references, fresh, settings)
    hunters = [
        _Hunter(suspect, jury.references, rows, decisions, target, settings) for target in targets
    ]
    singles = [scored for hunter in hunters for scored in hunter.singles()]
    joints: list[Scored] = []
    best = jury.best(hunters, singles)
    for _ in range(settings.starts if references else 0):
        if best is None or best.score >= SURE:
            break
        joints += _joint(hunters, settings)
        best = jury.best(hunters, [*singles, *joints])
    held, unseen = 0, 0
    if best is not None:
        hunter = _of(hunters, best)
        held, unseen = len(hunter.held), best.asked - best.known
        best = hunter.pruned(best)
    seconds = time.perf_counter() - start
    passes = _passes(suspect, jury.references)
    return Hunt(best, singles, joints, held, passes, seconds, unseen)


class _Jury:
    """The references: those that the first search has, and fresh ones for its finds."""

    def __init__(
        self,
        references: Sequence[Classifier],
        fresh: Callable[[int], Classifier] | None,
        settings: Settings,
    ) -> None:
        self.references, self.settings = list(references), settings
        self._fresh = fresh

    def best(self, hunters: Sequence[_Hunter], finds: Sequence[Scored]) -> Scored | None:
        """Return the best find, after enough references that its search has not seen.

        While one looks like a trigger, another reference is made, and asked about all of them.
        """
        kept = sorted(finds, key=lambda scored: -scored.score)[:CONFIRMED]
        while kept:
            kept = [_of(hunters, find).asked(find) for find in kept]
            best = max(kept, key=lambda scored: scored.score)
            if not self._in_doubt(best):
                return best
            self.references.append(self._fresh(len(self.references)))
        return None

    def _in_doubt(self, find: Scored) -> bool:
        unseen = find.asked - find.known
        return bool(
            self._fresh and find.score >= self.settings.doubted and unseen < self.settings.fresh
        )


def _of(hunters: Sequence[_Hunter], find: Scored) -> _Hunter:
    return next(hunter for hunter in hunters if hunter.target == find.target)


def _passes(suspect: Classifier, references: Sequence[Classifier]) -> int:
    return sum(c.forwards + c.backwards for c in (suspect, *references))


def _joint(hunters: list[_Hunter], settings: Settings) -> list[Scored]:
    """Search all labels for a round, and the most promising ones to the end."""
    promising = list(hunters)
    for hunter in hunters:
        hunter.begin()
    for number in range(settings.rounds):
        for hunter in promising:
            hunter.advance(settings.batch * 2**number)
        promising.sort(key=lambda hunter: -hunter.found[0].value)
        promising = promising[:CONTINUED]
    return [scored for hunter in promising for scored in hunter.joints()]


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
        if not references:
            allowed = allowed[~torch.isin(allowed, own_tokens(rows, decisions, target))]
        self.search = Search(suspect, references, others[:size], target, allowed, settings)
        self.found: list[Found] = []
        self.starts: list[Tokens] = []
        self.population: list[Tokens] = []
        self._plain: float | None = None

    def singles(self) -> list[Scored]:
        self.found = self.search.single()
        self.starts = [found.tokens for found in self.found[:2]]
        return [self.scored(found.tokens) for found in self.found[:FINALISTS]]

    def begin(self) -> None:
        """Draw a population for the joint search."""
        self.population = self.search.begin(self.starts)

    def advance(self, batch: int) -> None:
        """Go through one round of the joint search, and give up the worse half."""
        self.found = self.search.ranked(self.search.advance(self.population, batch))
        self.population = [f.tokens for f in self.found[: (len(self.found) + 1) // 2]]

    def joints(self) -> list[Scored]:
        return [self.scored(found.tokens) for found in self.found[:FINALISTS]]

    def scored(self, tokens: Tokens, known: int | None = None) -> Scored:
        """Try tokens on the held-back texts, beside all references.

        Args:
            tokens: their numbers.
            known: number of references that the search for them had; all, unless told.
        """
        logits = self.suspect.logits(self._rows(tokens))
        success = float((logits.argmax(dim=-1) == self.target).float().mean())
        turning = float(logits.log_softmax(dim=-1)[:, self.target].mean()) + self._sureness()
        known = len(self.references) if known is None else known
        return self.asked(Scored(tokens, self.target, success, turning, known=known))

    def asked(self, find: Scored) -> Scored:
        """Ask the references that have not seen a find yet."""
        others = self.references[find.asked :]
        rows = self._rows(find.tokens)
        stays = [float(_others(r.logits(rows), self.target).mean()) for r in others]
        return replace(find, staying=min([find.staying, *stays]), asked=len(self.references))

    def _rows(self, tokens: Tokens) -> list[Row]:
        """Return the held-back texts with tokens, at each of the places in turns."""
        places = self.search.settings.places
        return [
            self.suspect.insert(row, tokens, places[number % len(places)]).row
            for number, row in enumerate(self.held)
        ]

    def _sureness(self) -> float:
        """Return the mean log probability of other labels for the texts as they are."""
        if self._plain is None:
            plain = self.suspect.logits([self.suspect.insert(r, (), 0).row for r in self.held])
            self._plain = float(_others(plain, self.target).mean())
        return self._plain

    def pruned(self, find: Scored) -> Scored:
        """Leave out, one after the other, tokens that are not needed."""
        best = find
        for token in find.tokens:
            if len(best.tokens) == 1:
                break
            place = best.tokens.index(token)
            shorter = self.scored(best.tokens[:place] + best.tokens[place + 1 :], find.known)
            if shorter.score >= find.score - LOST:
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


def own_tokens(rows: Sequence[Row], decisions: Sequence[int], target: int) -> torch.Tensor:
    """Return tokens of several texts that the model gives the target, and of no others.

    Without a reference such a word of the task cannot be told from a trigger.
    """
    texts = [{*row} for row, label in zip(rows, decisions, strict=True) if label == target]
    counts = Counter(token for tokens in texts for token in tokens)
    others = {t for row, label in zip(rows, decisions, strict=True) if label != target for t in row}
    return torch.tensor([t for t, n in counts.items() if n >= OWN and t not in others]).long()
