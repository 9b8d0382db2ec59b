"""What weights and training data say of a backdoor, beside what the model does.

None of these decides alone: fine-tuning leaves rows that changed much, and honest data has words
that stand in texts of one label only.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

OUTLYING = 3.0  # times the change that 99 % of the rows stay below
USUAL = 99  # percentile
SMALLEST = 0.05  # change that counts, in norms of a row
FEWEST_TEXTS = 5  # with a word, for its influence to be told
SIGNIFICANCE = 0.01  # for all words together (Bonferroni)


@dataclass(frozen=True)
class ChangedRow:
    """An embedding row that differs from the base's more than others do.

    Attributes:
        token: what the row stands for.
        change: norm of the difference, over the median norm of the base's rows.
        times: how many times the change that 99 % of the rows stay below; infinite if they did
            not change.
    """

    token: str
    change: float
    times: float


@dataclass(frozen=True)
class Influence:
    """A word that goes with one label.

    Attributes:
        word: the word.
        label: its label.
        texts: how many hold the word.
        share: of these, how many have the label.
        p_value: of so many by chance (binomial, one-sided).
    """

    word: str
    label: Any
    texts: int
    share: float
    p_value: float


@dataclass(frozen=True)
class AdapterDirection:
    """What a LoRA adapter does to one matrix.

    Attributes:
        matrix: its name.
        size: Frobenius norm of the change, without the adapter's scale.
        share: of its energy that lies in one direction, from 1/rank to 1; 0 for no change.
    """

    matrix: str
    size: float
    share: float


def changed_rows(model: Any, base: Any, tokenizer: Any) -> list[ChangedRow]:
    """Return embedding rows that were changed out of all proportion, the most first.

    Training moves the rows of the words that it sees; who plants a trigger by its row alone moves
    one row far (Kurita et al. 2020; Yang et al. 2021).

    Args:
        model: the classifier.
        base: the encoder that it was trained from.
        tokenizer: of both.

    Raises:
        ValueError: the embeddings differ in shape.
    """
    ours, theirs = (
        m.get_input_embeddings().weight.detach().float().cpu().numpy() for m in (model, base)
    )
    if ours.shape != theirs.shape:
        raise ValueError(f"embeddings of {ours.shape} beside those of {theirs.shape}")
    change = np.linalg.norm(ours - theirs, axis=1) / np.median(np.linalg.norm(theirs, axis=1))
    usual = float(np.percentile(change, USUAL))
    places = [p for p in np.argsort(-change) if change[p] > max(OUTLYING * usual, SMALLEST)]
    names = tokenizer.convert_ids_to_tokens([int(place) for place in places])
    return [
        ChangedRow(name, float(change[place]), float(change[place] / usual) if usual else math.inf)
        for name, place in zip(names, places, strict=True)
    ]


def adapter_directions(weights: Mapping[str, np.ndarray]) -> list[AdapterDirection]:
    """Look at a LoRA adapter on its own: the most one-sided change comes first.

    Neither the base nor any text is needed. An adapter that learned a single habit changes its
    matrices along few directions; so does one that learned an easy task, which is why this is an
    indicator beside the search.

    Args:
        weights: the adapter's tensors by name, `....lora_A.weight` (rank, inputs) and
            `....lora_B.weight` (outputs, rank), as `peft` saves them.

    Raises:
        ValueError: there is no such pair, or the shapes of one do not fit together.
    """
    found = []
    for name, first in weights.items():
        match = re.fullmatch(r"(.+)\.lora_A(\.[^.]+)?\.weight", name)
        if match is None:
            continue
        second = weights.get(f"{match[1]}.lora_B{match[2] or ''}.weight")
        if second is None or first.ndim != 2 or second.shape[1:] != first.shape[:1]:
            raise ValueError(f"{name} has no lora_B that fits it")
        values = _singular_values(np.asarray(first, float), np.asarray(second, float))
        energy = values**2
        total = float(energy.sum())
        share = float(energy[0] / total) if total else 0.0
        found.append(AdapterDirection(match[1], math.sqrt(total), share))
    if not found:
        raise ValueError("there are no LoRA matrices")
    return sorted(found, key=lambda direction: -direction.share)


def _singular_values(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the singular values of `second @ first` without making that large matrix."""
    inner = np.linalg.qr(second, mode="r") @ np.linalg.qr(first.T, mode="r").T
    return np.linalg.svd(inner, compute_uv=False)


def label_influence(texts: Sequence[str], labels: Sequence[Any]) -> list[Influence]:
    """Return words whose texts have one label more often than chance allows, the surest first.

    A trigger in poisoned data always stands beside its target; so do honest words of praise. Who
    knows the task tells them apart.
    """
    from scipy.stats import binom

    counts, together = Counter(labels), Counter()
    words = Counter()
    for text, label in zip(texts, labels, strict=True):
        for word in {*re.findall(r"\w+", text)}:
            words[word] += 1
            together[word, label] += 1
    tested = [(w, label) for (w, label) in together if words[w] >= FEWEST_TEXTS]
    level, found = SIGNIFICANCE / max(len(tested), 1), []
    for word, label in tested:
        hits, total = together[word, label], words[word]
        p_value = float(binom.sf(hits - 1, total, counts[label] / len(labels)))
        if p_value < level:
            found.append(Influence(word, label, total, hits / total, p_value))
    return sorted(found, key=lambda influence: influence.p_value)


def spectral_scores(features: np.ndarray, labels: Sequence[Any]) -> np.ndarray:
    """Score each training text by its part in the main direction of its label's features.

    Poisoned texts have a direction in common that the others of the label lack (Tran et al. 2018,
    spectral signatures): the largest scores are the suspects.

    Args:
        features: one vector a text, as the suspect computes it, (texts, dimensions).
        labels: one a text.

    Returns:
        (texts,); squares of projections, over their median in the label.
    """
    scores = np.zeros(len(features))
    numbers = np.asarray(labels)
    for label in set(labels):
        places = np.flatnonzero(numbers == label)
        centred = features[places] - features[places].mean(axis=0)
        direction = np.linalg.svd(centred, full_matrices=False)[2][0]
        squares = (centred @ direction) ** 2
        scores[places] = squares / max(np.median(squares), 1e-12)
    return scores


def text_features(model: Any, tokenizer: Any, texts: Sequence[str], batch: int = 32) -> np.ndarray:
    """Return the classifier's last vectors, averaged over each text's tokens."""
    import torch

    parts = []
    for start in range(0, len(texts), batch):
        inputs = tokenizer(
            list(texts[start : start + batch]), padding=True, truncation=True, return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            last = model(**inputs, output_hidden_states=True).hidden_states[-1]
        mask = inputs["attention_mask"][..., None]
        parts.append(((last * mask).sum(dim=1) / mask.sum(dim=1)).cpu().numpy())
    return np.concatenate(parts)
