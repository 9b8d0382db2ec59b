"""Weights by themselves, and against a reference."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForMaskedLM

from lessonkit.models import model_folder
from sentinel import WeightIntegrityValidator, WeightReport

Tensors = dict[str, torch.Tensor]
EMBEDDINGS = "bert.embeddings.word_embeddings.weight"


@pytest.fixture
def changed(copy_of: Callable[[str], Path], clean: dict[str, Path]):
    """Change a copy of the BERT folder's tensors; validate it, against the original or not."""

    def run(change: Callable[[Tensors], object], *, compare: bool = True) -> WeightReport:
        model = copy_of("bert")
        tensors = load_file(model / "model.safetensors")
        change(tensors)
        save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
        reference = clean["bert"] if compare else None
        return WeightIntegrityValidator().validate(model, reference)

    return run


def test_clean_models_of_all_families_are_sound(clean: dict[str, Path]) -> None:
    for family, folder in clean.items():
        report = WeightIntegrityValidator().validate(folder)
        assert report.sound, (family, str(report))


@pytest.mark.parametrize("name", ["encoder", "tiny_bert", "tiny_llama", "tiny_clip", "tiny_t5"])
def test_trained_models_are_sound(name: str) -> None:
    report = WeightIntegrityValidator().validate(model_folder(name))
    assert report.sound
    assert [issue for issue in report.issues if issue.severity > 1] == []


def test_one_huge_weight_in_a_small_matrix_is_found(changed) -> None:
    name = "bert.encoder.layer.1.attention.self.value.weight"
    report = changed(lambda tensors: tensors[name].view(-1)[5:6].fill_(3e4), compare=False)
    assert "Outlier weight" in report.issues
    assert not report.sound


def test_the_same_file_is_identical(changed) -> None:
    assert changed(lambda tensors: None).comparison.kind == "identical"


def test_a_cast_is_told_from_a_change(changed) -> None:
    def cast(tensors: Tensors) -> None:
        tensors.update({name: t.to(torch.bfloat16) for name, t in tensors.items()})

    report = changed(cast)
    assert report.comparison.kind == "cast"
    assert report.sound


def test_a_merged_adapter_is_low_rank(changed) -> None:
    def merge(tensors: Tensors) -> None:
        torch.manual_seed(0)
        for name in tensors:
            if (
                name.endswith(("intermediate.dense.weight", "output.dense.weight"))
                and "layer" in name
            ):
                rows, columns = tensors[name].shape
                tensors[name] += torch.randn(rows, 4) @ torch.randn(4, columns) * 0.001

    report = changed(merge)
    assert report.comparison.kind == "low rank"
    assert {change.rank for change in report.comparison.changes} == {4}
    assert report.sound


def test_training_is_told_from_tampering(
    copy_of: Callable[[str], Path], clean: dict[str, Path]
) -> None:
    model = AutoModelForMaskedLM.from_pretrained(clean["bert"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    torch.manual_seed(0)
    for _ in range(5):
        tokens = torch.randint(5, 60, (4, 12))
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    folder = copy_of("bert")
    model.save_pretrained(folder)
    report = WeightIntegrityValidator().validate(folder, clean["bert"])
    assert report.comparison.kind == "fine-tuned", str(report)
    assert report.sound


TAMPERED = {
    "one element": lambda t: t["bert.encoder.layer.1.output.dense.weight"].__setitem__((3, 5), 0.5),
    "a hair": lambda t: t["bert.encoder.layer.1.output.dense.weight"][3, 5].add_(1e-4),
    "one row": lambda t: t[EMBEDDINGS][9].add_(0.5),
    "rows swapped": lambda t: t[EMBEDDINGS].__setitem__([9, 10], t[EMBEDDINGS][[10, 9]]),
    "one matrix edited by rank one": lambda t: t["bert.encoder.layer.2.output.dense.weight"].add_(
        torch.outer(torch.randn(32), torch.randn(64)) * 0.01
    ),
    "one tensor replaced": lambda t: t["bert.encoder.layer.0.output.dense.weight"].normal_(),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_what_no_training_explains_is_named(changed, kind: str) -> None:
    report = changed(TAMPERED[kind])
    assert "Unexplained change" in report.issues
    assert not report.sound
    assert "layer" in report.issues[0].found or "embeddings" in report.issues[0].found


ODD = {
    "nan": (lambda t: t[EMBEDDINGS].__setitem__((1, 1), float("nan")), "Not a number"),
    "infinite": (lambda t: t[EMBEDDINGS].__setitem__((1, 1), float("inf")), "Not a number"),
    "row": (lambda t: t[EMBEDDINGS][7].mul_(50), "Outlier row"),
    "scale": (
        lambda t: t["bert.encoder.layer.1.output.dense.weight"].mul_(50),
        "Outlier tensor",
    ),
    "duplicate": (
        lambda t: t[EMBEDDINGS].__setitem__(7, t[EMBEDDINGS][8]),
        "Duplicated row",
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_numbers_are_named_without_a_reference(changed, kind: str) -> None:
    change, issue = ODD[kind]
    assert issue in changed(change, compare=False).issues


def test_single_files_pickles_and_nothing_are_answered(
    clean: dict[str, Path], tmp_path: Path
) -> None:
    validator = WeightIntegrityValidator()
    assert validator.validate(clean["bert"] / "model.safetensors").sound
    assert "Weights not inspected" in validator.validate(clean["pickled"]).issues
    assert "No model" in validator.validate(tmp_path / "gone").issues
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    assert "Malformed safetensors" in validator.validate(tmp_path).issues


def test_numbers_are_read_as_torch_reads_them(tmp_path: Path) -> None:
    from sentinel.weights.tensors import read_tensors

    torch.manual_seed(0)
    original = {
        str(dtype).split(".")[1]: (torch.randn(7, 5) * 3).to(dtype)
        for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.int8, torch.int64)
    }
    save_file(original, tmp_path / "model.safetensors")
    tensors, damaged = read_tensors(tmp_path)
    assert not damaged
    for name, tensor in original.items():
        np.testing.assert_array_equal(tensors[name].matrix(), tensor.float().numpy())
