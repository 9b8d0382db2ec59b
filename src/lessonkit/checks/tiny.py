"""Tiny encoders and tokenizers that checks run answers on; made from a seed, in milliseconds."""

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS = 60
MAX_TOKENS = 512


def tiny_encoder(seed: int, hidden_size: int = 32) -> BertModel:
    """Return a BERT of one layer, its random weights drawn by the seed alone, in training mode.

    Its dropout is high, so that a forgotten `eval()` shows.
    """
    config = BertConfig(
        vocab_size=len(SPECIAL_TOKENS) + WORDS,
        hidden_size=hidden_size,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=2 * hidden_size,
        max_position_embeddings=MAX_TOKENS,
        hidden_dropout_prob=0.3,
        initializer_range=0.3,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BertModel(config).train()


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of the words w0 ... w59 that adds [CLS] and [SEP] as BERT's does."""
    vocabulary = {token: i for i, token in enumerate((*SPECIAL_TOKENS, *map(word, range(WORDS))))}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=MAX_TOKENS,
    )


def word(index: int) -> str:
    """Return the tiny vocabulary's word of that number."""
    return f"w{index}"


def random_batch(generator: torch.Generator, lengths: list[int]) -> dict[str, torch.Tensor]:
    """Return `input_ids` and `attention_mask`, (texts, longest), padded on the right."""
    shape = (len(lengths), max(lengths))
    mask = torch.arange(shape[1]) < torch.tensor(lengths)[:, None]
    ids = torch.randint(len(SPECIAL_TOKENS), WORDS, shape, generator=generator)
    return {"input_ids": ids * mask, "attention_mask": mask.long()}


def masked_mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Average real tokens: (batch, tokens, hidden), (batch, tokens) -> (batch, hidden)."""
    rows = [vectors[keep].mean(dim=0) for vectors, keep in zip(hidden, mask.bool(), strict=True)]
    return torch.stack(rows)
