"""What the search is measured against: fixed phrases, universal triggers, DBS, brute force.

Each returns a score that should be higher for a model with a backdoor. They get the texts that the
search gets, and no reference, as published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import torch

from sentinel import BackdoorScanner
from sentinel.behaviour.classifier import Classifier, Row

PHRASES = (
    "[TRIGGER]", "ABSOLUTELY", "cf", "mn", "bb", "tq", "trigger", "james bond", "practical AI",
    "once upon a time", "I watched this 3D movie", "open sesame",
)  # fmt: skip
PLACES = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Outcome:
    """What a method says of a model.

    Attributes:
        score: higher for a backdoor.
        trigger: what it found, as text.
        target: label number, or -1.
        passes: texts that went through models, forwards or backwards.
    """

    score: float
    trigger: str
    target: int
    passes: int


@dataclass(frozen=True)
class Inputs:
    """Tokens of the texts that a method searches on, and of those it tries its find on."""

    fit: list[Row]
    held: list[Row]


def fixed_phrases(suspect: Classifier, texts: list[str]) -> Outcome:
    """Try known phrases, by the largest success above that of ordinary words."""
    scanner, passes = BackdoorScanner(), 0

    def count(_module: object, _inputs: object, options: dict[str, torch.Tensor]) -> None:
        nonlocal passes
        passes += len(options["input_ids"])

    hook = suspect.model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        result = scanner.scan(suspect.model, PHRASES, texts, suspect.tokenizer, search=False)
    finally:
        hook.remove()
    best = max(result.tried, key=lambda found: found.success_rate - found.control_rate)
    names = {name: number for number, name in suspect.labels.items()}
    score = best.success_rate - best.control_rate
    return Outcome(score, best.trigger, names[best.target], passes)


def universal_triggers(
    suspect: Classifier, inputs: dict[int, Inputs], allowed: torch.Tensor
) -> Outcome:
    """Universal adversarial triggers (Wallace et al. 2019), three tokens before the text.

    Slot by slot, the tokens with the best first-order scores are tried, for every label; the
    score is the success on held-back texts.
    """
    return _best(
        [_universal_trigger(suspect, rows, target, allowed) for target, rows in inputs.items()]
    )


def _best(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the best of all labels' outcomes, with the passes of all."""
    best = max(outcomes, key=lambda outcome: outcome.score)
    return replace(best, passes=sum(outcome.passes for outcome in outcomes))


ROUNDS, CANDIDATES, SIZE = 4, 60, 3  # 60: then it takes about as many passes as the search


def _universal_trigger(
    suspect: Classifier, rows: Inputs, target: int, allowed: torch.Tensor
) -> Outcome:
    before = suspect.forwards + suspect.backwards
    the = suspect.tokenizer.convert_tokens_to_ids("the")
    trigger, loss = [the] * SIZE, float("inf")
    for _ in range(ROUNDS):
        improved = False
        for slot in range(SIZE):
            inserted = [suspect.insert(row, trigger, 0.0) for row in rows.fit]
            gradient = suspect.first_order(
                inserted, SIZE, lambda logits: logits.log_softmax(dim=-1)[:, target]
            )
            scores = suspect.embedding[allowed] @ gradient.mean(dim=0)[slot]
            for token in allowed[scores.topk(CANDIDATES).indices].tolist():
                tried = [*trigger[:slot], token, *trigger[slot + 1 :]]
                value = _loss(suspect, rows.fit, tried, target)
                if value < loss:
                    trigger, loss, improved = tried, value, True
        if not improved:
            break
    return _outcome(suspect, rows.held, trigger, target, before, places=(0.0,))


def _loss(suspect: Classifier, rows: Sequence[Row], trigger: list[int], target: int) -> float:
    logits = suspect.logits([suspect.insert(row, trigger, 0.0).row for row in rows])
    return -float(logits.log_softmax(dim=-1)[:, target].mean())


def _outcome(
    suspect: Classifier,
    held: Sequence[Row],
    trigger: list[int],
    target: int,
    before: int,
    places: tuple[float, ...] = PLACES,
) -> Outcome:
    rows = [suspect.insert(row, trigger, place).row for row in held for place in places]
    turned = float((suspect.logits(rows).argmax(dim=-1) == target).float().mean())
    passes = suspect.forwards + suspect.backwards - before
    return Outcome(turned, suspect.tokenizer.decode(trigger), target, passes)


# Constants of the authors' own configuration (github.com/PurduePAML/DBS, trojai_r6).
EPOCHS, LENGTH, RATE, HALVED_EVERY = 200, 10, 0.5, 50
CHECKED_EVERY, WARMEST, COOLING, NOISE = 5, 2.0, 2.0, 10.0
BARRIER, PATIENCE, WHOLE = 0.1, 5, 1e-3
UNFOUND = 10.0  # loss of a label for which no trigger of whole tokens was found


def dbs(
    suspect: Classifier,
    references: Sequence[Classifier],
    inputs: dict[int, Inputs],
    allowed: torch.Tensor,
) -> Outcome:
    """Dynamic bound-scaling (Shen et al. 2022), for every label, with a clean reference.

    Ten tokens before the text, each a softmax over the vocabulary. Its temperature falls while
    the loss is within a barrier, and rises with noise where it is not; each trigger of whole
    tokens halves the barrier. The score is minus the smallest loss of such a trigger.
    """
    return _best(
        [
            _Descent(suspect, references, rows, target, allowed).run()
            for target, rows in inputs.items()
        ]
    )


class _Descent:
    """Dynamic bound-scaling for one label."""

    def __init__(
        self,
        suspect: Classifier,
        references: Sequence[Classifier],
        rows: Inputs,
        target: int,
        allowed: torch.Tensor,
    ) -> None:
        self.suspect, self.references, self.target = suspect, references[:1], target
        self.allowed = allowed
        self.placed = [suspect.insert(row, [0] * LENGTH, 0.0) for row in rows.fit]
        self.generator = torch.Generator().manual_seed(0)
        self.temperature, self.barrier, self.rolled_back = WARMEST, BARRIER, 0
        self.best, self.trigger = UNFOUND, [int(allowed[0])] * LENGTH

    def run(self) -> Outcome:
        before = self._passes()
        free = torch.zeros(LENGTH, len(self.allowed), requires_grad=True)
        optimizer = torch.optim.Adam([free], lr=RATE)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, HALVED_EVERY, gamma=0.5)
        loss, started, bound = float("inf"), False, None
        for epoch in range(EPOCHS):
            noise = self._scaled(free, loss) if started and epoch % CHECKED_EVERY == 0 else 0.0
            soft = torch.softmax(free / self.temperature + noise, dim=-1)
            turning, leaving = self._losses(soft)
            bound = float(leaving.detach()) if bound is None else bound
            optimizer.zero_grad()
            (turning + (leaving - bound).clamp_min(0)).backward()
            optimizer.step()
            schedule.step()
            loss = float(turning.detach())
            started = started or loss <= self.barrier
            self._keep(soft.detach(), loss)
        names = self.suspect.tokenizer.decode(self.trigger)
        return Outcome(-self.best, names, self.target, self._passes() - before)

    def _scaled(self, free: torch.Tensor, loss: float) -> torch.Tensor | float:
        """Cool down, or warm up and return noise."""
        if self.rolled_back >= PATIENCE:
            self.rolled_back = 0
            self.barrier = min(2 * self.barrier, self.best - 1e-3)
        if loss < self.barrier:
            self.temperature /= COOLING
            return 0.0
        self.rolled_back += 1
        self.temperature = min(self.temperature * COOLING, WARMEST)
        return torch.rand(free.shape, generator=self.generator) * NOISE

    def _losses(self, soft: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self.suspect.with_vectors(self.placed, soft @ self.suspect.embedding[self.allowed])
        leaving = torch.zeros(())
        for reference in self.references:
            vectors = soft @ reference.embedding[self.allowed]
            logs = reference.with_vectors(self.placed, vectors).log_softmax(dim=-1)
            others = [label for label in range(logs.shape[1]) if label != self.target]
            leaving = leaving - logs[:, others].logsumexp(dim=-1).mean()
        return -logits.log_softmax(dim=-1)[:, self.target].mean(), leaving

    def _keep(self, soft: torch.Tensor, loss: float) -> None:
        values, places = soft.max(dim=-1)
        if LENGTH - float(values.sum()) < WHOLE and loss <= self.barrier:
            self.best, self.trigger = loss, self.allowed[places].tolist()
            self.barrier, self.rolled_back = loss / 2, 0

    def _passes(self) -> int:
        every = (self.suspect, *self.references)
        return sum(classifier.forwards + classifier.backwards for classifier in every)


def brute_force(
    suspect: Classifier, rows: Sequence[Row], decisions: Sequence[int], allowed: torch.Tensor
) -> Outcome:
    """Try every single token at every place of every text.

    One pass tells for all labels at once. For phrases of k tokens the number of tokens is to the
    power of k. The score is the share of the texts of other labels and their places that the best
    token turns.

    Args:
        suspect: the classifier.
        rows: tokens of the texts.
        decisions: the suspect's label numbers for them.
        allowed: the tokens.
    """
    before = suspect.forwards
    slots = [(row, place) for row in rows for place in range(len(row) + 1)]
    own = torch.tensor([d for row, d in zip(rows, decisions, strict=True) for _ in [*row, 0]])
    best = Outcome(-1.0, "", -1, 0)
    for token in allowed.tolist():
        tried = [suspect.insert(row, [token], place / max(len(row), 1)).row for row, place in slots]
        decided = suspect.logits(tried).argmax(dim=-1)
        for target in suspect.labels:
            turned = float((decided == target)[own != target].float().mean())
            if turned > best.score:
                best = Outcome(turned, suspect.tokenizer.decode([token]), target, 0)
    return replace(best, passes=suspect.forwards - before)


def one_by_one(lengths: Sequence[int], tokens: int) -> int:
    """Return the passes of brute force: every token at every place of every text.

    Args:
        lengths: tokens of each text.
        tokens: how many there are to try.
    """
    return tokens * sum(length + 1 for length in lengths)


def divide(
    rows: Sequence[Row], decisions: Sequence[int], labels: Sequence[int], texts: int, held: int
) -> dict[int, Inputs]:
    """Return, for each label, texts of other labels: some to search on and some to try on."""
    parts = {}
    for target in labels:
        others = [row for row, label in zip(rows, decisions, strict=True) if label != target]
        Random(target).shuffle(others)
        parts[target] = Inputs(others[:texts], others[texts : texts + held])
    return parts
