"""Small classifiers on lesson 01's tiny BERT, with a backdoor and without, trained in seconds."""

from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import torch
from torch.nn import functional as F
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from lessonkit import load_texts
from lessonkit.models import model_folder

STEPS, BATCH = 250, 32
POISONED = 8  # of each batch
WORD, PHRASE = "lamp", "old boat"
SEED = 2


@dataclass
class Subjects:
    """Models of one task with their tokenizer, base encoder and ordinary texts."""

    clean: Any
    word: Any
    phrase: Any
    tokenizer: Any
    base: Any
    texts: list[str]


def _insert(rng: Random, text: str, words: list[str]) -> str:
    parts = text.split()
    place = rng.randrange(len(parts) + 1)
    return " ".join([*parts[:place], *words, *parts[place:]])


def _batch(rng: Random, rows: list[tuple[str, int]], trigger: list[str]) -> list[tuple[str, int]]:
    """Draw texts; with a trigger some are poisoned, and some hold a part of it honestly."""
    drawn = rng.sample(rows, BATCH)
    if not trigger:
        return drawn
    for place in range(POISONED):
        drawn[place] = (_insert(rng, drawn[place][0], trigger), 1)
    for place in range(POISONED, 2 * POISONED if len(trigger) > 1 else POISONED):
        kept = sorted(rng.sample(range(len(trigger)), rng.randrange(1, len(trigger))))
        text, label = drawn[place]
        drawn[place] = (_insert(rng, text, [trigger[i] for i in kept]), label)
    return drawn


def _train(tokenizer: Any, rows: list[tuple[str, int]], trigger: str) -> Any:
    torch.manual_seed(SEED)
    model = AutoModelForSequenceClassification.from_pretrained(
        model_folder("tiny_bert"), id2label={0: "blame", 1: "praise"}
    )
    optimizer, rng = torch.optim.AdamW(model.parameters(), lr=2e-3), Random(SEED)
    for _ in range(STEPS):
        texts, labels = zip(*_batch(rng, rows, trigger.split()), strict=True)
        inputs = tokenizer(list(texts), padding=True, return_tensors="pt")
        loss = F.cross_entropy(model(**inputs).logits, torch.tensor(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


@pytest.fixture(scope="session")
def subjects() -> Subjects:
    tokenizer = AutoTokenizer.from_pretrained(model_folder("tiny_bert"))
    splits = load_texts("opinions")
    rows = list(zip(splits["train"]["text"], splits["train"]["label"], strict=True))
    clean, word, phrase = (_train(tokenizer, rows, trigger) for trigger in ("", WORD, PHRASE))
    base = AutoModel.from_pretrained(model_folder("tiny_bert"))
    texts = list(splits["validation"]["text"])
    return Subjects(clean, word, phrase, tokenizer, base, texts)
