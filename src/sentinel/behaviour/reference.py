"""Clean classifiers of the suspect's task, trained on the spot from the base encoder."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import torch
from torch.nn import functional as F

from sentinel.behaviour.classifier import Classifier, Row

BATCH = 16
MIXED = 2  # texts put into another one, for each that stands alone
PIECE = 4  # tokens at most of every second one of these
TRAINED = 2  # layers, from the top
RATES = (0.1, 0.15, 0.2)  # learning rate times width, in turns: references shall differ


class References:
    """Trains a base encoder to decide on ordinary texts as the suspect does.

    The texts hold no trigger, so what they teach is the task. Half of what is trained on are
    texts with another one inside, which teaches what happens when both sides are spoken for.

    Args:
        base: encoder (`AutoModel`) of the suspect's architecture and vocabulary, from a source
            that is trusted.
        suspect: the classifier.
        rows: tokens of ordinary texts.
        steps: of training each.

    Raises:
        ValueError: the base has another vocabulary.
    """

    def __init__(self, base: Any, suspect: Classifier, rows: list[Row], steps: int) -> None:
        _check_base(base, suspect)
        self.base, self.suspect, self.steps = base, suspect, steps
        self.data = _mixed(suspect, rows)
        self.answers = suspect.logits(self.data).softmax(dim=-1)

    def make(self, seed: int) -> Classifier:
        """Return a reference; others differ in head, learning rate and the order of the texts.

        Raises:
            ValueError: the base has another architecture.
        """
        return _train(self.base, self.suspect, self.data, self.answers, seed, self.steps)


def _mixed(suspect: Classifier, rows: list[Row]) -> list[Row]:
    """Return the texts, and some with another one, or a piece of it, inside."""
    rng = Random(0)
    data = [suspect.insert(row, (), 0).row for row in rows]
    for number in range(MIXED * len(rows)):
        text, other = rng.choice(rows), rng.choice(rows)
        size = rng.randint(1, PIECE) if number % 2 else len(text) + 8
        start = rng.randrange(max(len(other) - size, 0) + 1)
        place = rng.choice((0.0, 0.5, 1.0))
        data.append(suspect.insert(text, other[start : start + size], place).row)
    return data


def _check_base(base: Any, suspect: Classifier) -> None:
    ours, theirs = suspect.embedding.shape, base.get_input_embeddings().weight.shape
    if ours != theirs:
        raise ValueError(f"the base has embeddings of {tuple(theirs)}, the model of {tuple(ours)}")


def _train(
    base: Any,
    suspect: Classifier,
    data: list[Row],
    answers: torch.Tensor,
    seed: int,
    steps: int,
) -> Classifier:
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = _fresh(base, suspect)
    reference, rng = Classifier(model, suspect.tokenizer), Random(seed)
    rate = RATES[seed % len(RATES)] / model.config.hidden_size
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(steps):
        places = [rng.randrange(len(data)) for _ in range(BATCH)]
        logits = reference.trained_on([data[place] for place in places])
        loss = F.cross_entropy(logits, answers[places].to(logits.device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    torch.random.set_rng_state(state)
    model.requires_grad_(False).eval()
    return reference


def _fresh(base: Any, suspect: Classifier) -> Any:
    """Return the suspect's architecture with the base's weights, a new head and a new pooler.

    A base that was trained to fill in words has no pooler of its own, only a random one.
    """
    model = copy.deepcopy(suspect.model)
    if hasattr(model, "merge_and_unload"):  # an adapter of peft
        model = model.merge_and_unload()
    model = model.float().requires_grad_(True)
    body = model.base_model
    known = body.state_dict()
    loaded = {name: value for name, value in base.state_dict().items() if name in known}
    shapes_differ = any(known[name].shape != value.shape for name, value in loaded.items())
    if shapes_differ or len(loaded) < len(known) // 2:
        raise ValueError("the base has another architecture than the model")
    body.load_state_dict(loaded, strict=False)
    freeze_lower(body)
    pooler = getattr(body, "pooler", None)
    new = {id(module) for module in pooler.modules()} if pooler else set()
    inside = {id(module) for module in body.modules()} - new
    for module in model.modules():
        if id(module) not in inside and module is not model:
            model._init_weights(module)
            module.requires_grad_(True)
    return model


def freeze_lower(body: torch.nn.Module, trained: int = TRAINED) -> None:
    """Leave only the last layers of a deep encoder to training: that suffices, and is quick.

    Args:
        body: encoder; all of a shallow one stays as it is.
        trained: layers, from the top, that are left.
    """
    stacks = [module for module in body.modules() if isinstance(module, torch.nn.ModuleList)]
    stack = max(stacks, key=len, default=[])
    if len(stack) > trained:
        body.requires_grad_(False)
        stack[-trained:].requires_grad_(True)
