"""A whole search of one model: every target label, held-back texts, one score."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from sentinel.behaviour.classifier import Classifier, Row
from sentinel.behaviour.search import Found, Search, Settings, Tokens

CONTINUED = 2  # target labels whose joint search goes on after the first round
CONFIRMED = 3  # finds that fresh references see
SURE = 0.8  # score at which nothing more is searched
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
            the reference, where there are any, that stays least. 1 is a sure model turned to be
            as sure of the target, while every reference stays.
        references: how many had their say.
    """

    tokens: Tokens
    target: int
    success: float
    score: float
    references: int = 0


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
        confirmed: whether fresh references have seen the best tokens.
    """

    best: Scored | None
    singles: list[Scored]
    joints: list[Scored]
    held: int
    passes: int
    seconds: float
    confirmed: bool = False

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
    fresh: Callable[[], Sequence[Classifier]] | None = None,
) -> Hunt:
    """Search tokens for every target label, and score the best on held-back texts.

    A search also finds what its references have not learned of the task. Finds that look like a
    trigger are therefore tried once more beside references that the search has not seen; what
    turns one of these is an ordinary word.

    Args:
        suspect: the classifier.
        references: clean ones of the same task; groups of tokens are searched only beside them,
            as enough ordinary words turn any classifier.
        rows: tokens of ordinary texts.
        decisions: the suspect's label numbers for them.
        targets: label numbers that triggers are searched for.
        settings: how much is searched.
        fresh: makes other references for finds that look like a trigger.
    """
    start = time.perf_counter()
    hunters = [
        _Hunter(suspect, references, rows, decisions, target, settings) for target in targets
    ]
    every = list(references)
    singles = [scored for hunter in hunters for scored in hunter.singles()]
    joints: list[Scored] = []
    best, confirmed = _best(hunters, singles, every, settings, fresh)
    if references and not (best and best.score >= SURE):
        joints = _joint(hunters, settings)
        fresh = None if confirmed else fresh
        best, now = _best(hunters, [*singles, *joints], every, settings, fresh)
        confirmed = confirmed or now
    held = 0
    if best is not None:
        held = len(_of(hunters, best).held)
        best = _of(hunters, best).pruned(best, every)
    seconds = time.perf_counter() - start
    return Hunt(best, singles, joints, held, _passes(suspect, every), seconds, confirmed)


def _best(
    hunters: Sequence[_Hunter],
    finds: Sequence[Scored],
    references: list[Classifier],
    settings: Settings,
    fresh: Callable[[], Sequence[Classifier]] | None,
) -> tuple[Scored | None, bool]:
    """Return the best find; one that looks like a trigger makes fresh references join the others.

    Returns:
        The find with its score beside all references, and whether fresh ones were made.
    """
    finds = sorted(finds, key=lambda scored: -scored.score)[:CONFIRMED]
    made = bool(fresh and finds and finds[0].score >= settings.doubted)
    if made:
        references += fresh()
    finds = [
        _of(hunters, find).scored(find.tokens, references)
        if len(references) > find.references
        else find
        for find in finds
    ]
    return max(finds, key=lambda scored: scored.score, default=None), made


def _of(hunters: Sequence[_Hunter], find: Scored) -> _Hunter:
    return next(hunter for hunter in hunters if hunter.target == find.target)


def _passes(suspect: Classifier, references: Sequence[Classifier]) -> int:
    return sum(c.forwards + c.backwards for c in (suspect, *references))


def _joint(hunters: list[_Hunter], settings: Settings) -> list[Scored]:
    """Search all labels for a round, and the most promising ones to the end; then once more."""
    finds: list[Scored] = []
    for _ in range(settings.starts):
        promising = list(hunters)
        for hunter in hunters:
            hunter.begin()
        for number in range(settings.rounds):
            for hunter in promising:
                hunter.advance(settings.batch * 2**number)
            promising.sort(key=lambda hunter: -hunter.found[0].value)
            promising = promising[:CONTINUED]
        finds += [scored for hunter in promising for scored in hunter.joints()]
        if max(find.score for find in finds) >= SURE:
            break
    return finds


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
        self.starts: list[Tokens] = []
        self.population: list[Tokens] = []
        self._plain: torch.Tensor | None = None

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

    def scored(self, tokens: Tokens, references: Sequence[Classifier] | None = None) -> Scored:
        """Try tokens on the held-back texts, at each of the places in turns."""
        references = self.references if references is None else references
        rows = [
            self.suspect.insert(row, tokens, self.places[number % len(self.places)]).row
            for number, row in enumerate(self.held)
        ]
        logits = self.suspect.logits(rows)
        success = float((logits.argmax(dim=-1) == self.target).float().mean())
        logs = logits.log_softmax(dim=-1)[:, self.target].mean() + self._sureness()
        stays = [_others(r.logits(rows), self.target).mean() for r in references]
        logs = logs + min(stays, default=torch.zeros(()))
        return Scored(tokens, self.target, success, float(logs.exp()), len(references))

    def _sureness(self) -> torch.Tensor:
        """Return the mean log probability of other labels for the texts as they are."""
        if self._plain is None:
            plain = self.suspect.logits([self.suspect.insert(r, (), 0).row for r in self.held])
            self._plain = _others(plain, self.target).mean()
        return self._plain

    def pruned(self, scored: Scored, references: Sequence[Classifier]) -> Scored:
        """Leave out, one after the other, tokens that are not needed."""
        best = scored
        for token in scored.tokens:
            if len(best.tokens) == 1:
                break
            place = best.tokens.index(token)
            shorter = self.scored(best.tokens[:place] + best.tokens[place + 1 :], references)
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
