"""The methods that the search for backdoors is measured against do what their papers say."""

import pytest
import torch

from benchmarks.backdoors import baselines
from benchmarks.backdoors.baselines import Inputs, Outcome
from sentinel.behaviour.classifier import Classifier
from tests.sentinel.behaviour.conftest import WORD, Subjects, subjects

__all__ = ["subjects"]  # the fixture
ALLOWED = ("lamp", "the", "river", "table", "green", "owl", "walked", "soup")


@pytest.fixture
def allowed(subjects: Subjects) -> torch.Tensor:
    return torch.tensor(subjects.tokenizer.convert_tokens_to_ids(list(ALLOWED)))


def divided(suspect: Classifier, texts: list[str], size: int) -> dict[int, Inputs]:
    rows = [suspect.tokens(text) for text in texts]
    plain = [suspect.insert(row, (), 0).row for row in rows]
    decisions = suspect.logits(plain).argmax(dim=-1).tolist()
    return baselines.divide(rows, decisions, [0, 1], size, size)


def test_texts_of_a_label_are_divided_without_overlap(subjects: Subjects) -> None:
    inputs = divided(Classifier(subjects.clean, subjects.tokenizer), subjects.texts, 6)
    for rows in inputs.values():
        assert len(rows.fit) == len(rows.held) == 6
    assert inputs[0].fit != inputs[1].fit


def test_brute_force_tries_every_token_at_every_place(
    subjects: Subjects, allowed: torch.Tensor
) -> None:
    suspect = Classifier(subjects.word, subjects.tokenizer)
    rows = [suspect.tokens(text) for text in subjects.texts[:12]]
    plain = [suspect.insert(row, (), 0).row for row in rows]
    decisions = suspect.logits(plain).argmax(dim=-1).tolist()
    found = baselines.brute_force(suspect, rows, decisions, allowed)
    assert (found.trigger, found.target) == (WORD, 1)
    assert found.score > 0.9
    assert found.passes == baselines.one_by_one([len(row) for row in rows], len(ALLOWED))


def test_known_phrases_count_what_goes_through_the_model(subjects: Subjects) -> None:
    suspect = Classifier(subjects.clean, subjects.tokenizer)
    texts = subjects.texts[:20]
    found = baselines.fixed_phrases(suspect, texts)
    assert found.passes >= len(texts) * (1 + 2 * len(baselines.PHRASES))
    assert found.passes % len(texts) == 0
    assert not suspect.model._forward_pre_hooks


def test_universal_triggers_turn_a_model_with_a_backdoor(
    subjects: Subjects, allowed: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "CANDIDATES", 4)
    suspect = Classifier(subjects.word, subjects.tokenizer)
    inputs = divided(suspect, subjects.texts, 6)
    before = suspect.forwards + suspect.backwards
    found = baselines.universal_triggers(suspect, inputs, allowed)
    assert WORD in found.trigger.split()
    assert len(found.trigger.split()) == baselines.SIZE
    assert (found.target, found.score) == (1, 1.0)
    assert found.passes == suspect.forwards + suspect.backwards - before


def test_dbs_comes_down_to_whole_tokens(
    subjects: Subjects, allowed: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "EPOCHS", 80)
    suspect, clean = (Classifier(m, subjects.tokenizer) for m in (subjects.word, subjects.clean))
    inputs = {1: divided(suspect, subjects.texts, 4)[1]}
    found = baselines.dbs(suspect, [clean], inputs, allowed)
    assert found.score > -baselines.BARRIER
    assert WORD in found.trigger.split()
    assert len(found.trigger.split()) == baselines.LENGTH
    assert found.passes == 80 * 4 * 2 * 2  # epochs, texts, models, forwards and backwards


def test_the_passes_of_every_label_count() -> None:
    outcomes = [Outcome(0.2, "a", 0, 10), Outcome(0.7, "b", 1, 30)]
    assert baselines._best(outcomes) == Outcome(0.7, "b", 1, 40)
