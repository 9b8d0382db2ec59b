"""Files that must agree: changes beyond those of the benchmark's corpus."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_torch

from benchmarks.tamper_corpus import WEIGHTS, edit_json, edit_tensors
from sentinel.agreement import check_agreement

LAYER = "bert.encoder.layer.1.output.dense.weight"


def config(**changes: object) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "config.json", lambda c: c.update(changes))


def tokenizer(**changes: object) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "tokenizer.json", lambda c: c.update(changes))


def write(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8") and None


def same_number_twice(folder: Path) -> None:
    def change(content: dict) -> None:
        vocabulary = content["model"]["vocab"]
        vocabulary["password"] = vocabulary["garden"]

    edit_json(folder / "tokenizer.json", change)


def no_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def one_storage_changed(folder: Path) -> None:
    tensors = load_torch(folder / WEIGHTS)
    tensors[LAYER][0, 0] += 1
    torch.save(tensors, folder / "pytorch_model.bin")


def ordinary_unknown_word(folder: Path) -> None:
    edit_json(folder / "tokenizer.json", lambda c: c["model"].update(unk_token="garden"))


CUT = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
NO = {"type": "Replace", "pattern": {"Regex": r"\byes\b"}, "content": "no"}
MODULES = [{"type": "sentence_transformers.models.Pooling", "path": "../1_Pooling"}]
CHANGES = {
    "padding beyond the rows": (config(pad_token_id=9999), "Broken configuration"),
    "another family": (config(model_type="roberta"), "Broken configuration"),
    "more layers": (config(num_hidden_layers=6), "Missing tensor"),
    "fewer layers": (config(num_hidden_layers=2), "Unexpected tensor"),
    "a million layers": (config(num_hidden_layers=10**6), "Shape mismatch"),
    "enormous width": (config(hidden_size=1 << 45), "Shape mismatch"),
    "no JSON": (write("config.json", "{"), "Malformed JSON"),
    "quantized in name": (config(quantization_config={"quant_method": "x"}), "Type mismatch"),
    "a pickled twin": (one_storage_changed, "Weight files disagree"),
    "no weights": (no_weights, "Missing weights"),
    "added tokens": (write("added_tokens.json", '{"password": 7}'), "Tokenizer files disagree"),
    "texts cut short": (tokenizer(truncation=CUT), "Texts cut short"),
    "decoder": (tokenizer(decoder=NO), "Tokenizer rewrites text"),
    "normalizer with an expression": (tokenizer(normalizer=NO), "Tokenizer rewrites text"),
    "one number for two words": (same_number_twice, "Vocabulary mismatch"),
    "unknown words": (ordinary_unknown_word, "Ordinary word as special token"),
    "pooling outside": (write("modules.json", json.dumps(MODULES)), "Path leaves the folder"),
    "code in a pipeline": (
        config(custom_pipelines={"x": {"impl": "own.Pipeline"}}),
        "Custom code",
    ),
    "forced words": (
        write("generation_config.json", '{"sequence_bias": [[[5], 9.0]]}'),
        "Forced output",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_named(copy_of: Callable[[str], Path], name: str) -> None:
    folder = copy_of("bert")
    change, issue = CHANGES[name]
    change(folder)
    assert issue in check_agreement(folder).issues


def test_an_adapter_beside_a_model_is_named(
    copy_of: Callable[[str], Path], clean: dict[str, Path]
) -> None:
    folder = copy_of("bert")
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copy(clean["adapter"] / name, folder / name)
    assert "Adapter beside a model" in check_agreement(folder).issues


def test_an_adapter_fits_its_base_or_not(clean: dict[str, Path]) -> None:
    assert not check_agreement(clean["adapter"], base=clean["bert"]).errors
    assert "Adapter mismatch" in check_agreement(clean["adapter"], base=clean["llama"]).issues


def test_the_same_weights_in_two_formats_agree(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("bert")
    torch.save(load_torch(folder / WEIGHTS), folder / "pytorch_model.bin")
    findings = check_agreement(folder)
    assert not findings.issues
    assert any("both formats" in entry.claim for entry in findings.evidence)


def test_a_body_alone_and_old_names_are_ordinary(copy_of: Callable[[str], Path]) -> None:
    """A body saved without its head's prefix, its norms named as BERT's first files name them."""
    folder = copy_of("bert")
    old = {
        name.removeprefix("bert.")
        .replace("LayerNorm.weight", "LayerNorm.gamma")
        .replace("LayerNorm.bias", "LayerNorm.beta"): array
        for name, array in load_file(folder / WEIGHTS).items()
        if name.startswith("bert.")
    }
    old["embeddings.position_ids"] = np.arange(64)[None]
    save_file(old, folder / WEIGHTS, metadata={"format": "pt"})
    config(architectures=["BertModel"])(folder)
    findings = check_agreement(folder)
    assert [issue for issue in findings.errors if issue != "Missing tensor"] == []
    assert all("pooler" in issue.expected for issue in findings.errors)


def test_rounding_to_fewer_bits_is_only_mentioned(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("bert")

    def change(tensors: dict[str, np.ndarray]) -> None:
        tensors.update({name: array.astype(np.float16) for name, array in tensors.items()})

    edit_tensors(folder / WEIGHTS, change)
    findings = check_agreement(folder)
    assert findings.issues == ["Type mismatch"]
    assert not findings.errors
