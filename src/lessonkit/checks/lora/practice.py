"""The check of `adapt`: a sequence classifier with LoRA by peft, its head trained too."""

from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
)

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.lora.plain import close, is_number, names, plain_tensor, same, step
from lessonkit.checks.tiny import random_batch

HEADS = {"bert": "classifier", "llama": "score"}
VOCABULARY = 64


@exercise("adapt")
class Adapt:
    """`adapt(model, r, targets)`: a peft model, LoRA scaled by 2, and a trained head.

    The adapter gets factors of the check's, and one training step: what the model says of itself is
    not all that counts.
    """

    def cases(self, seed: int) -> list[Case]:
        return [
            {"seed": seed, "family": "bert", "r": 8, "targets": ["query", "value"]},
            {
                "seed": seed + 1,
                "family": "llama",
                "r": 2 + seed % 3,
                "targets": ["q_proj", "v_proj"],
            },
            {"seed": seed + 2, "family": "bert", "r": 4, "targets": ["query", "key", "dense"]},
        ]

    def observe(self, adapt: Any, case: Case) -> Seen:
        model = _tiny_classifier(case)
        layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(case["seed"])
            adapted = adapt(model, case["r"], list(case["targets"]))
            if not isinstance(adapted, PeftModel):
                return {"made": type(adapted).__name__}
            return {"made": "PeftModel", **_describe(adapted, layers, case)}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen.get("made") != "PeftModel":
            return Hint("not_a_peft_model", {"type": seen.get("made")})
        return _judge_layers(seen, case) or _judge_training(seen, case)

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        message = error["message"]
        if "not found in the base model" in message or "No modules were targeted" in message:
            return Hint("targets_fixed")
        if "prepare_inputs_for_generation" in message:
            return Hint("causal_task")
        return None


def _tiny_classifier(case: Case) -> nn.Module:
    """Return a classifier of the case's family with random weights that the seed determines."""
    sizes = {
        "vocab_size": VOCABULARY,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "pad_token_id": 0,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(case["seed"])
        if case["family"] == "bert":
            return BertForSequenceClassification(BertConfig(**sizes, initializer_range=0.3))
        config = LlamaConfig(**sizes, num_key_value_heads=2, initializer_range=0.3)
        return LlamaForSequenceClassification(config)


def _logits(model: nn.Module, case: Case) -> torch.Tensor:
    batch = random_batch(torch.Generator().manual_seed(case["seed"]), [5, 3])
    with torch.inference_mode():
        return plain_tensor(model.eval()(**batch).logits)


def _describe(adapted: PeftModel, layers: list[str], case: Case) -> Seen:
    """Note which layers carry which LoRA, and what would train."""
    lora = {n: m for n, m in adapted.named_modules() if isinstance(m, LoraLayer) and m.scaling}
    adapter = adapted.active_adapter
    trained = {n: p.numel() for n, p in adapted.named_parameters() if p.requires_grad}
    own = {n: size for n, size in trained.items() if "lora_" not in n}
    return {
        "layers": [name for name in layers if any(n.endswith(f".{name}") for n in lora)],
        "ranks": sorted({int(module.r[adapter]) for module in lora.values()}),
        "scalings": sorted({float(module.scaling[adapter]) for module in lora.values()}),
        "factors_trained": sum(size for name, size in trained.items() if "lora_" in name),
        "head_trained": sum(size for name, size in own.items() if ".modules_to_save." in name),
        "trained_besides": [n for n in own if ".modules_to_save." not in n],
        "logits": _logits(adapted, case),
        **_watch_with_other_factors(adapted, lora, case),
    }


def _watch_with_other_factors(adapted: PeftModel, lora: dict[str, LoraLayer], case: Case) -> Seen:
    """Fill the case's factors in; note the logits, also after one training step."""
    adapter = adapted.active_adapter
    for name, factors in _factors(case).items():
        for module in (module for n, module in lora.items() if n.endswith(f".{name}")):
            for part, value in zip((module.lora_A, module.lora_B), factors, strict=True):
                if part[adapter].weight.shape == value.shape:
                    part[adapter].weight.data.copy_(value)
    return {"filled": _logits(adapted, case), "stepped": _logits_after_step(adapted, case)}


def _factors(case: Case) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return an A, (r, inputs), and a B, (outputs, r), for each layer that the targets name."""
    generator = torch.Generator().manual_seed(case["seed"])
    layers, r = dict(_tiny_classifier(case).named_modules()), case["r"]
    return {
        name: (
            0.3 * torch.randn(r, layers[name].in_features, generator=generator),
            0.3 * torch.randn(layers[name].out_features, r, generator=generator),
        )
        for name in _layers_of(case)
    }


def _logits_after_step(model: nn.Module, case: Case) -> torch.Tensor:
    """Move what trains one step towards the labels 0 and 1."""
    batch = random_batch(torch.Generator().manual_seed(case["seed"]), [5, 3])
    logits = model.eval()(**batch).logits
    if logits.requires_grad:
        nn.functional.cross_entropy(logits, torch.arange(2)).backward()
        step(nn.Module.parameters(model))
    return _logits(model, case)


def _judge_layers(seen: Seen, case: Case) -> Hint | None:
    expected = sorted(_layers_of(case))
    found = sorted(names(seen, "layers"))
    if found != expected:
        head = HEADS[case["family"]]
        if head in found and sorted({*found} - {head}) == expected:
            return Hint("head_is_a_target", {"head": head})
        return Hint("targets", {"found": len(found), "expected": len(expected)})
    if seen.get("ranks") != [case["r"]]:
        return Hint("rank", {"found": seen.get("ranks"), "expected": case["r"]})
    scalings = seen.get("scalings")
    scaling = scalings[0] if isinstance(scalings, list) and len(scalings) == 1 else None
    if not is_number(scaling) or not abs(scaling - 2) <= 1e-6:
        return Hint("alpha", {"found": scalings, "r": case["r"]})
    return None


def _judge_training(seen: Seen, case: Case) -> Hint | None:
    if seen.get("trained_besides") != []:
        return Hint("base_trains", {"example": next(iter(names(seen, "trained_besides")), "?")})
    model = _tiny_classifier(case)
    layers = dict(model.named_modules())
    sizes = [layers[name].in_features + layers[name].out_features for name in _layers_of(case)]
    if not same(seen.get("factors_trained"), case["r"] * sum(sizes)):
        return Hint("factors_frozen")
    head = sum(p.numel() for p in layers[HEADS[case["family"]]].parameters())
    if not same(seen.get("head_trained"), head):
        return Hint("head_frozen", {"head": HEADS[case["family"]]})
    if not close(seen.get("logits"), _logits(model, case)):
        return Hint("output_changed")
    model = _adapted(case)
    if not close(seen.get("filled"), _logits(model, case)):
        return Hint("alpha", {"found": seen.get("scalings"), "r": case["r"]})
    if not close(seen.get("stepped"), _logits_after_step(model, case)):
        return Hint("factors_frozen")
    return None


class _WithUpdate(nn.Module):
    """A frozen layer plus 2 B A."""

    def __init__(self, base: nn.Linear, A: torch.Tensor, B: torch.Tensor) -> None:  # noqa: N803
        super().__init__()
        self.base, self.A, self.B = base, nn.Parameter(A), nn.Parameter(B)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + 2 * (x @ self.A.T @ self.B.T)


def _adapted(case: Case) -> nn.Module:
    """Return the classifier with the case's factors at its layers, and a head that trains."""
    model = _tiny_classifier(case).requires_grad_(False)
    model.get_submodule(HEADS[case["family"]]).requires_grad_(True)
    for name, factors in _factors(case).items():
        parent, _, last = name.rpartition(".")
        base = model.get_submodule(name)
        setattr(model.get_submodule(parent), last, _WithUpdate(base, *factors))
    return model


def _layers_of(case: Case) -> list[str]:
    """Return the names of the linear layers that the targets name."""
    linear = [n for n, m in _tiny_classifier(case).named_modules() if isinstance(m, nn.Linear)]
    return [name for name in linear if name.split(".")[-1] in case["targets"]]
