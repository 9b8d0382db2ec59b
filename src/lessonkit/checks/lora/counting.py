"""The check of `count_lora_parameters`: r · (inputs + outputs) for each layer that is named."""

import random
from collections.abc import Callable
from typing import Any

from torch import nn

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.lora.plain import is_number, plain_number, same

Layers = dict[str, list[int]]


@exercise("count_lora_parameters")
class CountLoraParameters:
    """`count_lora_parameters(model, r, targets)`: how many parameters LoRA adds."""

    def cases(self, seed: int) -> list[Case]:
        draw = random.Random(seed)
        hidden, small, wide = draw.sample(range(8, 40), 3)
        decoder, encoder = _decoder(3, hidden, small, wide), _encoder(2, hidden, wide)
        return [
            {"layers": decoder, "r": 8, "targets": ["q_proj", "v_proj"]},
            {"layers": decoder, "r": 2 + seed % 5, "targets": ["q_proj", "o_proj", "down_proj"]},
            {"layers": encoder, "r": 4, "targets": ["query", "value"]},
            {"layers": encoder, "r": 3, "targets": ["attention.output.dense"]},
        ]

    def observe(self, count_lora_parameters: Any, case: Case) -> Seen:
        model = _model_of(case["layers"])
        count = count_lora_parameters(model, case["r"], list(case["targets"]))
        return {"count": plain_number(count)}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        found = seen.get("count")
        if not is_number(found):
            return Hint("not_a_number", {"type": found})
        layers, r, targets = case["layers"], case["r"], case["targets"]
        chosen = {name: sizes for name, sizes in layers.items() if _is_target(name, targets)}
        expected = _total(chosen, lambda ins, outs: r * (ins + outs))
        if same(found, expected):
            return None
        for name, values in _mistakes(layers, chosen, r, targets).items():
            if any(same(found, value) for value in values):
                return Hint(name, {"targets": ", ".join(targets)})
        return Hint("value", {"found": f"{found:,}", "layers": len(chosen)})


def _decoder(blocks: int, hidden: int, small: int, wide: int) -> Layers:
    """Names and (inputs, outputs) of a decoder's linear layers; keys and values are narrower.

    `old_q_proj` ends like a target, but is another layer.
    """
    shapes = {
        "self_attn.q_proj": [hidden, hidden],
        "self_attn.k_proj": [hidden, small],
        "self_attn.v_proj": [hidden, small],
        "self_attn.o_proj": [hidden, hidden],
        "self_attn.old_q_proj": [small, wide],
        "mlp.up_proj": [hidden, wide],
        "mlp.down_proj": [wide, hidden],
    }
    layers = {
        f"model.layers.{i}.{name}": size for i in range(blocks) for name, size in shapes.items()
    }
    return {**layers, "lm_head": [hidden, 3 * wide]}


def _encoder(blocks: int, hidden: int, wide: int) -> Layers:
    shapes = {
        "attention.self.query": [hidden, hidden],
        "attention.self.key": [hidden, hidden],
        "attention.self.value": [hidden, hidden],
        "attention.output.dense": [hidden, hidden],
        "intermediate.dense": [hidden, wide],
        "output.dense": [wide, hidden],
    }
    layers = {
        f"encoder.layer.{i}.{name}": size for i in range(blocks) for name, size in shapes.items()
    }
    return {**layers, "pooler.dense": [hidden, hidden], "classifier": [hidden, 2]}


def _model_of(layers: Layers) -> nn.Module:
    """Return a module whose linear layers have these names and sizes; norms stand beside them."""
    root = nn.Module()
    for name, (ins, outs) in layers.items():
        *path, last = name.split(".")
        place = root
        for part in path:
            if not hasattr(place, part):
                place.add_module(part, nn.Module())
            place = getattr(place, part)
        place.add_module(last, nn.Linear(ins, outs))
        place.add_module(f"{last}_norm", nn.LayerNorm(outs))
    return root


def _is_target(name: str, targets: list[str]) -> bool:
    return any(name == target or name.endswith(f".{target}") for target in targets)


def _total(layers: Layers, count: Callable[[int, int], int]) -> int:
    return sum(count(ins, outs) for ins, outs in layers.values())


def _mistakes(layers: Layers, chosen: Layers, r: int, targets: list[str]) -> dict[str, list[int]]:
    """Return what plausible mistakes would count, the likeliest first."""

    def added(ins: int, outs: int) -> int:
        return r * (ins + outs)

    similar = {n: s for n, s in layers.items() if any(n.endswith(target) for target in targets)}
    containing = {n: s for n, s in layers.items() if any(target in n for target in targets)}
    first = dict(list(chosen.items())[:1])
    own = _total(layers, lambda ins, outs: ins * outs + 3 * outs)  # a bias and a norm of 2
    right = _total(chosen, added)
    weights = _total(chosen, lambda ins, outs: ins * outs)
    inputs, outputs = (_total(chosen, lambda *sizes, i=i: sizes[i]) for i in (0, 1))
    return {
        "nothing_found": [0],
        "one_factor": [r * inputs, r * outputs],
        "square_layers": [2 * r * inputs, 2 * r * outputs],
        "whole_layers": [weights, weights + outputs, r * weights],
        "with_bias": [right + outputs],
        "one_layer": [_total(first, added)],
        "every_layer": [_total(layers, added)],
        "similar_names": [_total(similar, added), _total(containing, added)],
        "whole_model": [own + right],
        "rank_forgotten": [inputs + outputs],
    }
