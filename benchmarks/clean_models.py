"""Ten small model folders of different families, as transformers, peft and torch save them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    CLIPConfig,
    CLIPModel,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
    T5Config,
    T5ForConditionalGeneration,
    TrainingArguments,
)

SEED = 0
VOCABULARY = 400
TEXTS = [
    f"{who} {does} the {what} {where}."
    for who in ("The cat", "A baker", "My sister", "Our teacher", "The old sailor")
    for does in ("likes", "paints", "carries", "forgets", "describes")
    for what in ("bread", "boat", "invoice", "garden", "password", "letter")
    for where in ("near the harbour", "in the morning", "without a word", "at the market")
]
CARD = """---
license: apache-2.0
language: en
---
A small model with random weights, made to try checks on.
"""
CHAT_TEMPLATE = """{%- for message in messages -%}
{{- '<|' + message['role'] + '|>' + message['content'] | trim + '<|end|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"""


def build_clean(root: Path) -> dict[str, Path]:
    """Make all folders below a root; return them by family."""
    folders = {}
    for name, build in FAMILIES.items():
        folders[name] = root / name
        torch.manual_seed(SEED)
        build(folders[name])
        if not (folders[name] / "README.md").exists():
            (folders[name] / "README.md").write_text(CARD, encoding="utf-8")
    return folders


def wordpiece() -> PreTrainedTokenizerFast:
    """Train BERT's kind of tokenizer on the texts."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        TEXTS, trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special)
    )
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends
    )
    tokenizer.decoder = decoders.WordPiece()
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), special, strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **{f"{key}_token": token for key, token in names.items()}
    )


def byte_pairs(*special: str) -> PreTrainedTokenizerFast:
    """Train GPT-2's kind of tokenizer on the texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=special[0])


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


SMALL = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2}
WIDE = {"intermediate_size": 64, "max_position_embeddings": 64}


def bert(folder: Path) -> None:
    """BERT with its vocabulary as text beside it, as earlier versions of transformers save it."""
    tokenizer = wordpiece()
    config = BertConfig(vocab_size=len(tokenizer), **SMALL, **WIDE)
    save(BertForMaskedLM(config), tokenizer, folder)
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    words = "".join(f"{word}\n" for word, _ in vocabulary)
    (folder / "vocab.txt").write_text(words, encoding="utf-8")
    special = {key: getattr(tokenizer, key) for key in ("pad_token", "unk_token", "mask_token")}
    (folder / "special_tokens_map.json").write_text(json.dumps(special), encoding="utf-8")


def roberta(folder: Path) -> None:
    tokenizer = byte_pairs("</s>", "<s>", "<pad>", "<unk>", "<mask>")
    config = RobertaConfig(vocab_size=len(tokenizer), **SMALL, **WIDE)
    save(RobertaForMaskedLM(config), tokenizer, folder)


def distilbert(folder: Path) -> None:
    tokenizer = wordpiece()
    names = {0: "ordinary", 1: "injection"}
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dim=32, n_layers=4, n_heads=2, hidden_dim=64, id2label=names,
        label2id={name: number for number, name in names.items()}, max_position_embeddings=64,
    )  # fmt: skip
    save(DistilBertForSequenceClassification(config), tokenizer, folder)


def llama(folder: Path) -> None:
    tokenizer = byte_pairs("<|end|>", "<|user|>", "<|assistant|>")
    tokenizer.chat_template = CHAT_TEMPLATE
    config = LlamaConfig(vocab_size=len(tokenizer), **SMALL, **WIDE, num_key_value_heads=1)
    save(LlamaForCausalLM(config).to(torch.bfloat16), tokenizer, folder)


def gpt2(folder: Path) -> None:
    tokenizer = byte_pairs("<|endoftext|>")
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=4, n_head=2, n_positions=64)
    save(GPT2LMHeadModel(config), tokenizer, folder)
    content = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(content["vocab"]), encoding="utf-8")
    merges = [" ".join(pair) for pair in content["merges"]]
    (folder / "merges.txt").write_text(
        "\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8"
    )


def t5(folder: Path) -> None:
    tokenizer = byte_pairs("</s>", "<pad>", "<extra_id_0>", "<extra_id_1>")
    config = T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=64, num_layers=3, num_heads=2
    )
    save(T5ForConditionalGeneration(config), tokenizer, folder)


def clip(folder: Path) -> None:
    tokenizer = byte_pairs("<|endoftext|>", "<|startoftext|>")
    tower = {**SMALL, "intermediate_size": 64}
    text = {**tower, "vocab_size": len(tokenizer), "max_position_embeddings": 32}
    config = CLIPConfig(
        text_config=text,
        vision_config={**tower, "image_size": 32, "patch_size": 8},
        projection_dim=32,
    )
    save(CLIPModel(config), tokenizer, folder)


def adapter(folder: Path) -> None:
    """A LoRA adapter for the BERT above, with the head it was trained with."""
    config = BertConfig(vocab_size=VOCABULARY, **SMALL, **WIDE)
    settings = LoraConfig(r=4, target_modules=["query", "value"], task_type="SEQ_CLS")
    model = get_peft_model(BertForSequenceClassification(config), settings)
    model.peft_config["default"].base_model_name_or_path = "google-bert/bert-base-uncased"
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)
    model.save_pretrained(folder)
    (folder / "README.md").write_text(
        CARD.replace("language: en", "base_model: google-bert/bert-base-uncased"), encoding="utf-8"
    )


def sharded(folder: Path) -> None:
    tokenizer = wordpiece()
    model = BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **SMALL, **WIDE))
    model.save_pretrained(folder, max_shard_size="100KB")
    tokenizer.save_pretrained(folder)


def pickled(folder: Path) -> None:
    """Weights as torch saves them, with what the Trainer leaves beside them."""
    tokenizer = wordpiece()
    model = BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **SMALL, **WIDE))
    model.config.architectures = ["BertForMaskedLM"]
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.zeros(1, 4, dtype=torch.long)).logits.sum().backward()
    optimizer.step()
    torch.save(
        optimizer.state_dict(), folder / "optimizer.pt", _use_new_zipfile_serialization=False
    )
    torch.save(TrainingArguments(output_dir="out", report_to="none"), folder / "training_args.bin")


FAMILIES: dict[str, Callable[[Path], None]] = {
    "bert": bert,
    "roberta": roberta,
    "distilbert": distilbert,
    "llama": llama,
    "gpt2": gpt2,
    "t5": t5,
    "clip": clip,
    "adapter": adapter,
    "sharded": sharded,
    "pickled": pickled,
}
