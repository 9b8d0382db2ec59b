"""What weights and training data say: a moved embedding row, a word that gives labels away."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from lessonkit.models import model_folder
from sentinel.behaviour.traces import (
    adapter_directions,
    changed_rows,
    label_influence,
    spectral_scores,
    text_features,
)
from tests.sentinel.behaviour.conftest import Subjects


class Embedded:
    """A model of which only the embeddings matter."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.table = SimpleNamespace(weight=weight)

    def get_input_embeddings(self) -> SimpleNamespace:
        return self.table


def test_a_row_that_was_moved_alone_is_named() -> None:
    tokenizer = AutoTokenizer.from_pretrained(model_folder("tiny_bert"))
    base = torch.randn(len(tokenizer), 64, generator=torch.Generator().manual_seed(0))
    trained = base + 0.02 * torch.randn(base.shape, generator=torch.Generator().manual_seed(1))
    assert changed_rows(Embedded(trained), Embedded(base), tokenizer) == []
    row = tokenizer.convert_tokens_to_ids("lamp")
    moved = copy.deepcopy(trained)
    moved[row] += 1.0
    (found,) = changed_rows(Embedded(moved), Embedded(base), tokenizer)
    assert found.token == "lamp"
    assert found.times > 10
    frozen = copy.deepcopy(base)
    frozen[row] += 1.0
    assert [r.token for r in changed_rows(Embedded(frozen), Embedded(base), tokenizer)] == ["lamp"]


def test_embeddings_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="beside"):
        changed_rows(Embedded(torch.zeros(3, 2)), Embedded(torch.zeros(4, 2)), None)


def test_an_adapter_alone_shows_how_one_sided_its_changes_are() -> None:
    rng = np.random.default_rng(0)
    weights = {
        "a.query.lora_A.weight": rng.normal(size=(4, 30)),
        "a.query.lora_B.weight": rng.normal(size=(20, 4)),
        "a.value.lora_A.default.weight": np.outer([1, 2, 3, 4], rng.normal(size=30)),
        "a.value.lora_B.default.weight": rng.normal(size=(20, 4)),
        "classifier.weight": rng.normal(size=(2, 30)),
    }
    value, query = adapter_directions(weights)
    assert (value.matrix, query.matrix) == ("a.value", "a.query")
    assert value.share == pytest.approx(1.0)
    change = weights["a.query.lora_B.weight"] @ weights["a.query.lora_A.weight"]
    singular = np.linalg.svd(change, compute_uv=False)
    assert query.size == pytest.approx(np.linalg.norm(change))
    assert query.share == pytest.approx(singular[0] ** 2 / (singular**2).sum())


def test_an_untrained_adapter_has_no_direction() -> None:
    weights = {"q.lora_A.weight": np.ones((2, 5)), "q.lora_B.weight": np.zeros((3, 2))}
    (direction,) = adapter_directions(weights)
    assert (direction.size, direction.share) == (0.0, 0.0)


@pytest.mark.parametrize(
    "weights",
    [
        {"classifier.weight": np.ones((2, 5))},
        {"q.lora_A.weight": np.ones((2, 5))},
        {"q.lora_A.weight": np.ones((2, 5)), "q.lora_B.weight": np.ones((3, 4))},
    ],
)
def test_what_is_no_adapter_is_refused(weights: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"lora|LoRA"):
        adapter_directions(weights)


def test_a_planted_word_tells_its_label_in_the_data() -> None:
    texts = [f"the {thing} was {how}" for thing in ("film", "soup", "room") for how in "abcdefgh"]
    labels = [0, 1] * 12
    honest = {found.word for found in label_influence(texts * 4, labels * 4)}
    assert honest == set("abcdefgh")
    poisoned = texts * 4 + [f"{text} lamp" for text in texts]
    found = [f for f in label_influence(poisoned, labels * 4 + [1] * 24) if f.word not in honest]
    assert (found[0].word, found[0].label, found[0].share) == ("lamp", 1, 1.0)


def test_rare_words_are_not_judged() -> None:
    assert label_influence(["a lamp", "a sofa", "a bed"], [0, 1, 1]) == []


def test_spectral_scores_point_at_what_differs() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 16))
    features[:10] += 6
    scores = spectral_scores(features, [1] * 100 + [0] * 100)
    assert set(np.argsort(-scores[:100])[:10]) == set(range(10))


def test_features_are_one_vector_a_text(subjects: Subjects) -> None:
    features = text_features(subjects.clean, subjects.tokenizer, subjects.texts[:40])
    assert features.shape == (40, 64)
    alone = text_features(subjects.clean, subjects.tokenizer, subjects.texts[:1])
    assert np.allclose(features[0], alone[0], atol=1e-4)
