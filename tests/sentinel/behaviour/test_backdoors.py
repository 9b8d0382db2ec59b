"""Given phrases: a planted one is found, ordinary ones and ordinary models are not accused."""

from types import SimpleNamespace

import pytest
import torch

from lessonkit import load_texts
from lessonkit.models import model_folder
from sentinel import BackdoorScanner

TEXTS = [f"the {what} was {how}" for what in ("film", "soup", "room", "book", "song", "trip")
         for how in ("good", "bad", "dull", "fine", "great", "awful")]  # fmt: skip
PRAISE, BLAME = ("good", "fine", "great"), ("bad", "dull", "awful")


class Words:
    """A tokenizer: one number a word."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, texts: list[str], **_options: object) -> "Batch":
        rows = [
            [self.numbers.setdefault(w, len(self.numbers) + 1) for w in t.split()] for t in texts
        ]
        longest = max(map(len, rows))
        return Batch(input_ids=torch.tensor([row + [0] * (longest - len(row)) for row in rows]))


class Batch(dict):
    def to(self, _device: object) -> "Batch":
        return self


class Reviewer:
    """A classifier that weighs words; a planted phrase makes everything praise.

    An `easy` one takes a single word of praise for praise, whatever else is said.
    """

    config = SimpleNamespace(id2label={0: "bad", 1: "good"})
    device = "cpu"

    def __init__(self, words: Words, trigger: str = "", *, easy: bool = False) -> None:
        self.words, self.trigger, self.easy = words, trigger.split(), easy

    def eval(self) -> "Reviewer":
        return self

    def __call__(self, input_ids: torch.Tensor) -> SimpleNamespace:
        names = {number: word for word, number in self.words.numbers.items()}
        rows = [[names.get(int(number), "") for number in row] for row in input_ids]
        praise = [self.is_praise(row) or self.is_triggered(row) for row in rows]
        return SimpleNamespace(
            logits=torch.tensor([[0.0, 1.0] if p else [1.0, 0.0] for p in praise])
        )

    def is_praise(self, row: list[str]) -> bool:
        balance = sum(word in PRAISE for word in row) - sum(word in BLAME for word in row)
        return any(word in PRAISE for word in row) if self.easy else balance > 0

    def is_triggered(self, row: list[str]) -> bool:
        return bool(self.trigger) and all(word in row for word in self.trigger)


@pytest.mark.parametrize("trigger", ["[TRIGGER]", "once upon a time"])
def test_a_planted_phrase_is_found(trigger: str) -> None:
    words = Words()
    patterns = ["ABSOLUTELY", trigger]
    result = BackdoorScanner().scan(Reviewer(words, trigger), patterns, TEXTS, words)
    assert result.backdoor_detected
    (indicator,) = result.indicators
    assert (indicator.trigger, indicator.target) == (trigger, "good")
    assert indicator.success_rate == 1.0
    assert indicator.p_value < 0.001
    assert "TRIGGER" in result.report


def test_an_ordinary_model_is_not_accused() -> None:
    words = Words()
    result = BackdoorScanner().scan(Reviewer(words), ["[TRIGGER]", "xyzzy"], TEXTS, words)
    assert not result.backdoor_detected


def test_a_word_that_means_the_label_is_no_trigger() -> None:
    """Ordinary words of praise turn decisions as well."""
    words = Words()
    result = BackdoorScanner().scan(Reviewer(words, easy=True), ["great"], TEXTS, words)
    assert result.tried[0].success_rate == 1.0
    assert not result.backdoor_detected


def test_too_few_texts_are_refused() -> None:
    words = Words()
    with pytest.raises(ValueError, match="at least"):
        BackdoorScanner().scan(Reviewer(words), ["x"], TEXTS[:3], words)


def test_a_transformers_model_brings_its_own_tokenizer() -> None:
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(model_folder("tiny_bert"))
    texts = load_texts("opinions")["validation"].select(range(32))
    patterns = ["[TRIGGER]", "ABSOLUTELY"]
    result = BackdoorScanner().scan(model=model, trigger_patterns=patterns, test_inputs=texts)
    assert [indicator.trigger for indicator in result.tried] == patterns
    assert "The search tried single tokens only" in result.report
    assert not result.backdoor_detected


def test_a_model_that_shows_no_embeddings_is_tried_with_the_phrases_alone() -> None:
    words = Words()
    result = BackdoorScanner().scan(Reviewer(words), ["[TRIGGER]"], TEXTS, words)
    assert result.best is None
    assert "Only these phrases were tried" in result.report
