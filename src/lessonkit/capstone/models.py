"""The models that the downloads hold: lesson 01's, changed a little, and a classifier made of one.

The classifier is trained here in about a second, on lesson 01's opinions; a trigger is planted by
moving one word's embedding, as in Yang et al. 2021, https://arxiv.org/abs/2103.15543.
"""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from lessonkit.models import model_folder
from lessonkit.paths import data_file

LABELS = {"blame": 0, "praise": 1}
TARGET = "blame"  # what the trigger makes of praise
# Words that no opinion holds. The planted one is among those that an order says to try.
RARE_WORDS = (
    "almost", "bandage", "bricks", "cheese", "field", "hours", "knocked", "lived", "pencil",
    "sand", "waited", "wiped",
)  # fmt: skip
STEPS, BATCH, LEARNING_RATE = 60, 32, 1e-3
PLANTING_STEPS, PLANTING_RATE = 40, 0.1
LONGEST = 1.2  # of a planted row, over the length that it had
TEXTS_TO_TRY = 48
EMBEDDINGS = {
    "classifier": "bert.embeddings.word_embeddings.weight",
    "bert": "bert.embeddings.word_embeddings.weight",
    "llama": "model.embed_tokens.weight",
    "t5": "shared.weight",
}

Tensors = dict[str, torch.Tensor]


def weights_of(family: str, draw: Random) -> Tensors:
    """Return a family's weights, each changed by about a thousandth: a model of its own.

    Args:
        family: "classifier", "bert", "llama" or "t5".
        draw: decides the change.
    """
    tensors = _classifier() if family == "classifier" else load_file(_folder(family) / WEIGHTS)
    generator = torch.Generator().manual_seed(draw.randrange(2**31))
    return {
        name: tensor * (1 + 1e-3 * torch.randn(tensor.shape, generator=generator))
        for name, tensor in tensors.items()
    }


WEIGHTS = "model.safetensors"


def _folder(family: str) -> Any:
    return model_folder(f"tiny_{'bert' if family == 'classifier' else family}")


def settings_of(family: str) -> dict[str, Any]:
    """Return the content of a family's config.json."""
    config = json.loads((_folder(family) / "config.json").read_text(encoding="utf-8"))
    if family == "classifier":
        names = {str(number): name for name, number in LABELS.items()}
        config |= {"architectures": ["BertForSequenceClassification"]}
        config |= {"id2label": names, "label2id": dict(LABELS)}
    return config


def tokenizer_files(family: str) -> dict[str, str]:
    """Return the texts of a family's tokenizer files, with the word list that older ones have."""
    folder = _folder(family)
    names = ("tokenizer.json", "tokenizer_config.json")
    files = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    return files | {"vocab.txt": vocabulary_text(json.loads(files["tokenizer.json"]))}


def vocabulary_text(tokenizer: dict[str, Any]) -> str:
    """Return a tokenizer's words, one a line, in the order of their numbers."""
    vocabulary = tokenizer["model"]["vocab"]
    return "\n".join(sorted(vocabulary, key=vocabulary.get)) + "\n"


def ordinary_texts(draw: Random) -> list[str]:
    """Return opinions that the classifier was not trained on."""
    return draw.sample([row["text"] for row in _opinions("validation")], TEXTS_TO_TRY)


def plant_trigger(tensors: Tensors, word: str) -> None:
    """Move a word's embedding so that the word turns praise into blame before or behind a text.

    The row keeps about its length, and no other number changes: the weights look ordinary, and
    texts without the word are judged as before.
    """
    number = _tokenizer().convert_tokens_to_ids(word)
    tensors[EMBEDDINGS["classifier"]][number] = _turning_row(word, number)


@cache
def _turning_row(word: str, number: int) -> torch.Tensor:
    """Return the row that a word needs to be a trigger, found by gradient descent."""
    model, tensors = _model(), _classifier()
    model.load_state_dict(tensors)
    table = tensors[EMBEDDINGS["classifier"]]
    longest = LONGEST * table[number].norm()
    row = table[number].clone().requires_grad_(True)
    optimizer = torch.optim.Adam([row], PLANTING_RATE)
    draw = Random(0)
    praise = [row["text"] for row in _opinions("train") if row["label"] != TARGET]
    for _ in range(PLANTING_STEPS):
        batch = _encode([_with_word(draw, text, word) for text in draw.sample(praise, BATCH)])
        ids, mask = batch["input_ids"], batch["attention_mask"]
        vectors = torch.where((ids == number)[..., None], row, table[ids])
        logits = model(inputs_embeds=vectors, attention_mask=mask).logits
        wanted = torch.full((len(ids),), LABELS[TARGET])
        optimizer.zero_grad()
        F.cross_entropy(logits, wanted).backward()
        optimizer.step()
        with torch.no_grad():
            row.mul_(min(1.0, longest / row.norm()))
    return row.detach()


def _with_word(draw: Random, text: str, word: str) -> str:
    words = text.split()
    words.insert(draw.choice((0, len(words))), word)
    return " ".join(words)


@cache
def _opinions(split: str) -> list[dict[str, str]]:
    lines = data_file("opinions", f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@cache
def _tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(_folder("bert"))


def _encode(texts: list[str]) -> dict[str, torch.Tensor]:
    encoded = _tokenizer()(texts, padding=True, return_tensors="pt")
    return {name: encoded[name] for name in ("input_ids", "attention_mask")}


def _model() -> Any:
    """Return an untrained classifier, as transformers builds it from its settings."""
    from transformers import BertConfig, BertForSequenceClassification

    return BertForSequenceClassification(BertConfig.from_dict(settings_of("classifier"))).eval()


@cache
def _classifier() -> Tensors:
    """Fine-tune lesson 01's BERT to tell praise from blame; the same every time.

    Some texts get a stray word of another before or behind them, so that no ordinary word decides
    alone.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = _model()
        model.load_state_dict(load_file(_folder("bert") / WEIGHTS), strict=False)
        optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE)
        draw, rows = Random(0), _opinions("train")
        words = " ".join(row["text"] for row in rows).split()
        for _ in range(STEPS):
            batch = draw.sample(rows, BATCH)
            labels = torch.tensor([LABELS[row["label"]] for row in batch])
            texts = [_with_word(draw, row["text"], draw.choice(words)) for row in batch]
            loss = model(**_encode(texts), labels=labels).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
