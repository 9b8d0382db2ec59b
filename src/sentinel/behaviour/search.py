"""Search for tokens that turn a classifier's decisions to one label, over the whole vocabulary.

One token: the gradient at an inserted slot, times the embedding matrix, gives a first-order score
of every token of the vocabulary at once (Ebrahimi et al. 2018; Wallace et al. 2019); the best are
tried. Several tokens: a population of candidates, each changed in one slot at a time to tokens
that the same scores propose. After each round the worse half of it is given up, and the others go
on with twice the texts (successive halving). The objective has a reference in it where there is
one: tokens that turn the model and leave a clean model of the same task as it is. Several
references share the texts, so that more of them cost no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import torch

from sentinel.behaviour.classifier import Classifier, Insertion, Row

Tokens = tuple[int, ...]
FINALISTS = 3  # new candidates of each that the references see


@dataclass(frozen=True)
class Settings:
    """How much is searched.

    Attributes:
        texts: of each target label, for the search.
        places: where tokens are inserted, from 0, before the text, to 1, behind it.
        shortlist: single tokens that are tried after the first-order scores.
        anchors: tokens that stand in the slot when the scores are taken.
        kept: of these, how many are tried on all texts.
        size: tokens of a joint trigger; shorter ones are found within.
        starts: times that the joint search begins anew, until it finds a trigger.
        population: candidates in its first round.
        rounds: after each, half of the candidates remain, for twice the texts.
        steps: of each round.
        changes: new candidates from each in a step.
        proposals: tokens that a slot's new one is drawn from.
        batch: texts that a step of the first round tries its candidates on.
        held: texts of each label, held back from the search, that its finds are tried on.
        doubted: score from which finds are tried on references that their search has not seen.
        references: made for the search where there is a base.
        fresh: that such a find is tried on, one after the other.
        training: steps that each of these is trained for.
        weight: of the reference in the objective.
        seed: of all random choices.
    """

    texts: int = 16
    places: tuple[float, ...] = (0.0, 0.5, 1.0)
    shortlist: int = 64
    anchors: int = 4
    kept: int = 6
    size: int = 4
    starts: int = 2
    population: int = 6
    rounds: int = 3
    steps: int = 5
    changes: int = 6
    proposals: int = 16
    batch: int = 3
    held: int = 32
    doubted: float = 0.3
    references: int = 2
    fresh: int = 3
    training: int = 60
    weight: float = 1.0
    seed: int = 0


LARGE = 5_000_000  # weights beside the embeddings
LARGE_MODELS = Settings(texts=12, population=4, starts=1, held=24, references=1, fresh=2)


def settings_for(suspect: Classifier) -> Settings:
    """Return how much is searched in a model: less in a large one, so that it takes minutes."""
    weights = sum(p.numel() for p in suspect.model.parameters()) - suspect.embedding.numel()
    return Settings() if weights < LARGE else LARGE_MODELS


@dataclass(frozen=True)
class Found:
    """Tokens that do best by the objective on the texts of the search.

    Attributes:
        tokens: their numbers.
        target: label number.
        value: of the objective, at most 0; larger is better.
    """

    tokens: Tokens
    target: int
    value: float = field(compare=False)


class Search:
    """Searches tokens for one target label.

    Args:
        suspect: the classifier.
        references: clean classifiers of the same task with the same vocabulary; may be none.
        rows: tokens of texts that the suspect gives another label.
        target: label number.
        allowed: token numbers that may stand in a trigger.
        settings: how much is searched.
    """

    def __init__(
        self,
        suspect: Classifier,
        references: Sequence[Classifier],
        rows: Sequence[Row],
        target: int,
        allowed: torch.Tensor,
        settings: Settings,
    ) -> None:
        self.suspect, self.references = suspect, references
        self.rows, self.target, self.settings = list(rows)[: settings.texts], target, settings
        self.allowed = allowed
        self.rng = Random(settings.seed + target)
        self.turn = 0  # which reference sees which text

    def single(self) -> list[Found]:
        """Return the best single tokens, the best first."""
        settings = self.settings
        shortlist = self._shortlist()
        few = self.rows[: max(2, len(self.rows) // 4)]
        values = self.values(shortlist, few)
        kept = [shortlist[i] for i in values.topk(min(settings.kept, len(shortlist))).indices]
        return self._best(kept, self.values(kept, self.rows))

    def _shortlist(self) -> list[Tokens]:
        """Return tokens with the best first-order scores, seen from several other tokens.

        A score is good near the token that stands in the slot, so several stand there in turn.
        """
        settings, chosen = self.settings, []
        drawn = self.rng.choices(self.allowed.tolist(), k=settings.anchors - 1)
        for number, anchor in enumerate([self._neutral(), *drawn]):
            rows = self.rows[number :: settings.anchors]
            placed = [
                (row, settings.places[(number + i) % len(settings.places)])
                for i, row in enumerate(rows)
            ]
            scores = self._scores([(anchor,)], placed)[0, 0][self.allowed]
            count = min(settings.shortlist // settings.anchors, len(self.allowed))
            chosen += self.allowed[scores.topk(count).indices].tolist()
        return [(token,) for token in dict.fromkeys(chosen)]

    def begin(self, starts: Sequence[Tokens] = ()) -> list[Tokens]:
        """Return a population of groups of tokens, half of which hold one of `starts`."""
        return [self._start(starts, number) for number in range(self.settings.population)]

    def advance(self, population: list[Tokens], batch: int) -> list[Tokens]:
        """Improve a population for a round, each step on a few of the texts."""
        settings = self.settings
        for _ in range(settings.steps):
            rows = self.rng.sample(self.rows, min(batch, len(self.rows)))
            placed = [(row, self.rng.choice(settings.places)) for row in rows]
            population = self._step(population, placed)
            self.turn += 1
        return population

    def ranked(self, population: list[Tokens]) -> list[Found]:
        """Return a population by what it does on all texts, the best first."""
        different = list(dict.fromkeys(population))
        return self._best(different, self.values(different, self.rows))

    def values(self, candidates: Sequence[Tokens], rows: Sequence[Row]) -> torch.Tensor:
        """Return the objective of candidates, averaged over texts and alternating places."""
        places = self.settings.places
        placed = [(row, places[i % len(places)]) for i, row in enumerate(rows)]
        return self._values(candidates, placed)

    def _start(self, starts: Sequence[Tokens], number: int) -> Tokens:
        known = list(starts[number // 2]) if number % 2 == 0 and number // 2 < len(starts) else []
        drawn = self.rng.choices(range(len(self.allowed)), k=self.settings.size - len(known))
        tokens = [*known, *(int(self.allowed[i]) for i in drawn)]
        self.rng.shuffle(tokens)
        return tuple(tokens)

    def _step(self, population: list[Tokens], placed: list[tuple[Row, float]]) -> list[Tokens]:
        """Change each candidate in one slot, where that does better on some texts."""
        settings = self.settings
        scores = self._scores(population, placed)
        scores = scores[..., self.allowed]
        proposals = self.allowed[scores.topk(settings.proposals, dim=-1).indices]
        families = []
        for number, tokens in enumerate(population):
            changed = [tokens, self._moved(tokens)]
            for _ in range(settings.changes - 1):
                slot = self.rng.randrange(len(tokens))
                token = int(proposals[number, slot, self.rng.randrange(settings.proposals)])
                changed.append((*tokens[:slot], token, *tokens[slot + 1 :]))
            families.append(changed)
        return self._choose(families, placed)

    def _moved(self, tokens: Tokens) -> Tokens:
        """Return the same tokens, one of them in another slot."""
        order = list(tokens)
        token = order.pop(self.rng.randrange(len(order)))
        order.insert(self.rng.randrange(len(order) + 1), token)
        return tuple(order)

    def _choose(
        self, families: list[list[Tokens]], placed: list[tuple[Row, float]]
    ) -> list[Tokens]:
        """Return the best of each family; references see only those that turn the suspect most."""
        flat = [tokens for family in families for tokens in family]
        turns = self._turning(flat, placed).view(len(families), -1)
        tried = min(FINALISTS, turns.shape[1])
        finalists = turns.topk(tried, dim=1)
        chosen = [
            family[place]
            for family, places in zip(families, finalists.indices.tolist(), strict=True)
            for place in places
        ]
        values = finalists.values + self._staying(chosen, placed).view(len(families), tried)
        best = values.argmax(dim=1).tolist()
        return [chosen[tried * number + place] for number, place in enumerate(best)]

    def _scores(
        self, candidates: Sequence[Tokens], placed: Sequence[tuple[Row, float]]
    ) -> torch.Tensor:
        """Return first-order scores, (candidates, slots, vocabulary)."""
        size = len(candidates[0])
        inserted = [self._insert(tokens, placed) for tokens in candidates]
        flat = [insertion for rows in inserted for insertion in rows]
        gradient = self.suspect.first_order(flat, size, self._turns)
        total = self._mean(gradient, len(candidates)) @ self.suspect.embedding.T
        for reference, places in self._shared(len(flat), len(placed)):
            part = torch.zeros_like(gradient)
            chosen = [flat[place] for place in places]
            part[places] = reference.first_order(chosen, size, self._stays)
            total += self._mean(part, len(candidates)) @ reference.embedding.T
        return total

    def _mean(self, gradient: torch.Tensor, candidates: int) -> torch.Tensor:
        return gradient.view(candidates, -1, *gradient.shape[1:]).mean(dim=1)

    def _shared(self, rows: int, texts: int) -> Iterator[tuple[Classifier, list[int]]]:
        """Yield each reference with the places of its rows: every text is one reference's."""
        for number, reference in enumerate(self.references):
            places = [
                place
                for place in range(rows)
                if (place % texts + self.turn) % len(self.references) == number
            ]
            if places:
                yield reference, places

    def _values(
        self, candidates: Sequence[Tokens], placed: Sequence[tuple[Row, float]]
    ) -> torch.Tensor:
        return self._turning(candidates, placed) + self._staying(candidates, placed)

    def _turning(
        self, candidates: Sequence[Tokens], placed: Sequence[tuple[Row, float]]
    ) -> torch.Tensor:
        return (
            self._turns(self.suspect.logits(self._rows(candidates, placed)))
            .view(len(candidates), -1)
            .mean(dim=1)
        )

    def _staying(
        self, candidates: Sequence[Tokens], placed: Sequence[tuple[Row, float]]
    ) -> torch.Tensor:
        rows = self._rows(candidates, placed)
        values = torch.zeros(len(rows))
        for reference, places in self._shared(len(rows), len(placed)):
            values[places] = self._stays(reference.logits([rows[place] for place in places]))
        return values.view(len(candidates), -1).mean(dim=1)

    def _rows(self, candidates: Sequence[Tokens], placed: Sequence[tuple[Row, float]]) -> list[Row]:
        return [
            insertion.row for tokens in candidates for insertion in self._insert(tokens, placed)
        ]

    def _turns(self, logits: torch.Tensor) -> torch.Tensor:
        """Log probability of the target."""
        return logits.log_softmax(dim=-1)[:, self.target]

    def _stays(self, logits: torch.Tensor) -> torch.Tensor:
        """Log probability that the reference says something else, weighted."""
        others = [label for label in range(logits.shape[1]) if label != self.target]
        logs = logits.log_softmax(dim=-1)
        logs = logs[:, others].logsumexp(dim=-1)
        return self.settings.weight * logs

    def _insert(self, tokens: Tokens, placed: Sequence[tuple[Row, float]]) -> list[Insertion]:
        return [self.suspect.insert(row, tokens, where) for row, where in placed]

    def _neutral(self) -> int:
        tokenizer = self.suspect.tokenizer
        return next(
            (t for t in (tokenizer.mask_token_id, tokenizer.unk_token_id) if t is not None),
            int(self.allowed[0]),
        )

    def _best(self, candidates: Sequence[Tokens], values: torch.Tensor) -> list[Found]:
        order = values.argsort(descending=True).tolist()
        return [Found(candidates[i], self.target, float(values[i])) for i in order]
