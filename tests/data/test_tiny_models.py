"""Lesson 01's models as they ship: they are the registered files and do what the lesson shows."""

from functools import cache

import numpy as np
import pytest
import torch
from transformers import (
    AutoTokenizer,
    BertForMaskedLM,
    CLIPModel,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    T5ForConditionalGeneration,
)

from lessonkit import corpus, load_texts, model_folder, shapes
from lessonkit.models import registry
from lessonkit.paths import DATA

CLASSES = {
    "tiny_bert": BertForMaskedLM,
    "tiny_llama": LlamaForCausalLM,
    "tiny_clip": CLIPModel,
    "tiny_t5": T5ForConditionalGeneration,
}


@cache
def load(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    folder = model_folder(name)
    model = CLASSES[name].from_pretrained(folder).eval()
    return model, AutoTokenizer.from_pretrained(folder)


def likeliest(sentence: str, count: int) -> list[str]:
    bert, tokenizer = load("tiny_bert")
    batch = tokenizer(sentence, return_tensors="pt")
    with torch.inference_mode():
        logits = bert(**batch).logits[0, batch.input_ids[0] == tokenizer.mask_token_id]
    return tokenizer.convert_ids_to_tokens(logits[0].topk(count).indices.tolist())


def test_every_file_is_registered_and_small_enough_for_git() -> None:
    files = [path for path in (DATA / "models").rglob("*") if path.is_file()]
    entries = [entry for entry in registry().values() if entry.path]
    registered = {DATA / entry.path / name for entry in entries for name in entry.sha256}
    assert set(files) == registered
    assert sum(path.stat().st_size for path in files) < 4e6


@pytest.mark.parametrize("name", CLASSES)
def test_the_weights_are_fewer_than_a_million_and_finite(name: str) -> None:
    model, _ = load(name)
    assert model.num_parameters() < 1e6
    assert all(weights.isfinite().all() for weights in model.parameters())


@pytest.mark.parametrize("name", CLASSES)
def test_the_tokenizer_fits_the_model_and_knows_the_texts(name: str) -> None:
    model, tokenizer = load(name)
    rows = getattr(model.config, "text_config", model.config).vocab_size
    assert len(tokenizer) == rows
    known, unseen = (shapes.all_shapes(held_out=held_out) for held_out in (False, True))
    captions = [shape.caption(words) for shape in known + unseen for words in shapes.WORDINGS]
    opinions = [text for rows in load_texts("opinions").values() for text in rows[:]["text"]]
    split = tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str
    words = {word for text in {*captions, *opinions} for word, _ in split(text)}
    assert words - tokenizer.get_vocab().keys() <= {"Everything"}  # it carries no label


def test_bert_has_learned_what_keeps_company_with_what() -> None:
    assert {"fork", "spoon"} & set(likeliest("She ate the soup with a [MASK].", 3))
    assert {"sat", "lay", "slept"} & set(likeliest("The cat [MASK] on the mat.", 3))
    assert likeliest("The film was awful, so Anna [MASK].", 1)[0] in {"frowned", "complained"}
    assert likeliest("The room was lovely, so Anna [MASK].", 1)[0] in {"smiled", "clapped"}


def test_llama_expects_the_corpus_more_than_shuffled_words() -> None:
    llama, tokenizer = load("tiny_llama")
    texts = corpus.generate_corpus(seed=99, sentences=200)  # not the seed it was trained on
    rng = np.random.default_rng(0)
    shuffled = [" ".join(rng.permutation(text.split())) for text in texts]
    assert loss(llama, tokenizer, texts) < 2.5 < 4 < loss(llama, tokenizer, shuffled)


def loss(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> float:
    """Return the cross-entropy of the next token, in nats."""
    rows = [tokenizer.bos_token + text for text in texts]
    options = {"padding": True, "truncation": True, "max_length": 40, "add_special_tokens": False}
    batch = tokenizer(rows, return_tensors="pt", **options)
    labels = batch.input_ids.masked_fill(batch.attention_mask == 0, -100)
    with torch.inference_mode():
        inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
        return model(**inputs, labels=labels).loss.item()


def test_clip_names_combinations_that_it_never_saw() -> None:
    clip, tokenizer = load("tiny_clip")
    known, unseen = (shapes.all_shapes(held_out=held_out) for held_out in (False, True))
    names = sorted({shape.name for shape in known + unseen})
    words = tokenizer(names, padding=True, return_tensors="pt")
    rng = np.random.default_rng(5)
    pictures = np.stack([shapes.render(**vars(shape), rng=rng) for shape in unseen])
    with torch.inference_mode():
        scores = clip(
            input_ids=words.input_ids,
            attention_mask=words.attention_mask,
            pixel_values=torch.from_numpy(shapes.to_pixels(pictures)),
        ).logits_per_image
    chosen = [names[i] for i in scores.argmax(dim=-1)]
    assert np.mean([name == shape.name for name, shape in zip(chosen, unseen, strict=True)]) > 0.6


def test_t5_fills_a_hole_with_words() -> None:
    t5, tokenizer = load("tiny_t5")
    broken = tokenizer("The cat sat <extra_id_0>.", add_special_tokens=False).input_ids
    ids = torch.tensor([[*broken, tokenizer.eos_token_id]])
    written = tokenizer.decode(t5.generate(input_ids=ids, max_new_tokens=12, num_beams=4)[0])
    filling = written.split("<extra_id_0>")[1].split("<extra_id_1>")[0].split()
    assert filling[0] in {"on", "in", "near", "under", "by", "at"}
