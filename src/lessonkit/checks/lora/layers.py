"""The checks of `LoRALinear` and `merge`: a low-rank update beside a frozen layer, then in it."""

from typing import Any

import torch
from torch import nn

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.lora.plain import close, first_match, names, plain_tensor, step


def _layer_case(
    seed: int, sizes: tuple[int, int], r: int, alpha: int, *, bias: bool, shape: tuple[int, ...]
) -> Case:
    """Random weights, factors and inputs of one layer: `sizes` are (inputs, outputs)."""
    generator = torch.Generator().manual_seed(seed)
    ins, outs = sizes
    return {
        "weight": torch.randn(outs, ins, generator=generator),
        "bias": torch.randn(outs, generator=generator) if bias else None,
        "A": torch.randn(r, ins, generator=generator),
        "B": torch.randn(outs, r, generator=generator),
        "r": r,
        "alpha": alpha,
        "x": torch.randn(*shape, ins, generator=generator),
    }


def _cases(seed: int) -> list[Case]:
    return [
        _layer_case(seed, (7, 5), 3, 6, bias=True, shape=(4,)),
        _layer_case(seed + 1, (4, 9), 2, 16, bias=False, shape=(3, 6)),
        _layer_case(seed + 2, (6, 6), 4, 2, bias=True, shape=(2,)),
    ]


def _base_of(case: Case) -> nn.Linear:
    outs, ins = case["weight"].shape
    base = nn.Linear(ins, outs, bias=case["bias"] is not None)
    with torch.no_grad():
        base.weight.copy_(case["weight"])
        if case["bias"] is not None:
            base.bias.copy_(case["bias"])
    return base


def _base_output(case: Case) -> torch.Tensor:
    return nn.functional.linear(case["x"], case["weight"], case["bias"])


def _update(case: Case) -> torch.Tensor:
    """Return B A, (outputs, inputs), not scaled."""
    return case["B"] @ case["A"]


@exercise("LoRALinear")
class LoRALinearCheck:
    """`LoRALinear(base, r, alpha)`: the frozen layer plus alpha / r times B A."""

    def cases(self, seed: int) -> list[Case]:
        return [{**case, "seed": seed} for case in _cases(seed)]

    def observe(self, lora_linear: Any, case: Case) -> Seen:
        base = _base_of(case)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(case["seed"])
            layer = lora_linear(base, case["r"], case["alpha"])
        if not isinstance(layer, nn.Module):
            return {"made": type(layer).__name__}
        seen: Seen = {"made": "module", **_describe_factors(layer)}
        if not all(isinstance(seen[name], torch.Tensor) for name in ("A", "B")):
            return seen
        seen["first_output"] = plain_tensor(layer(case["x"].clone()))
        if any(seen[name].shape != case[name].shape for name in ("A", "B")):
            return seen
        return seen | _watch_with_other_factors(layer, base, case)

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen.get("made") != "module":
            return Hint("not_a_module", {"type": seen.get("made")})
        return _judge_factors(seen, case) or _judge_outputs(seen, case)

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        message = error["message"]
        if "cannot be multiplied" in message or "must match the size" in message:
            return Hint("shapes_do_not_fit", {"message": message})
        return None


def _describe_factors(layer: nn.Module) -> Seen:
    """Note A and B, and which parameters would train."""
    factors = {name: getattr(layer, name, None) for name in ("A", "B")}
    known = {id(value) for value in factors.values()}
    trainable = {n: p for n, p in nn.Module.named_parameters(layer) if p.requires_grad}
    return {
        **{name: plain_tensor(value) for name, value in factors.items()},
        "parameters": [n for n, v in factors.items() if isinstance(v, nn.Parameter)],
        "trained_factors": [n for n, v in factors.items() if getattr(v, "requires_grad", False)],
        "trained_beside": [n for n, p in trainable.items() if id(p) not in known],
    }


def _watch_with_other_factors(layer: nn.Module, base: nn.Linear, case: Case) -> Seen:
    """Put the case's A and B in place of the layer's own; note output, gradients and one step."""
    with torch.no_grad():
        layer.A.copy_(case["A"])
        layer.B.copy_(case["B"])
    output = layer(case["x"].clone())
    seen: Seen = {"output": plain_tensor(output)}
    if isinstance(output, torch.Tensor) and output.requires_grad:
        output.square().mean().backward()
    gradients = {name: getattr(layer, name).grad for name in ("A", "B")}
    seen["learn"] = [name for name, gradient in gradients.items() if gradient is not None]
    step((layer.A, layer.B, *base.parameters(), *nn.Module.parameters(layer)))
    seen["stepped"] = plain_tensor(layer(case["x"].clone()))
    return seen


def _judge_factors(seen: Seen, case: Case) -> Hint | None:
    for name in ("A", "B"):
        if not isinstance(seen.get(name), torch.Tensor):
            return Hint("no_factor", {"name": name, "type": seen.get(name)})
        if name not in names(seen, "parameters"):
            return Hint("not_a_parameter", {"name": name})
        if seen[name].shape != case[name].shape:
            shapes = {"found": tuple(seen[name].shape), "expected": tuple(case[name].shape)}
            return Hint("factor_shape", {"name": name, **shapes})
    if seen.get("trained_beside") != []:
        return Hint("base_trains", {"example": next(iter(names(seen, "trained_beside")), "?")})
    if missing := {"A", "B"} - set(names(seen, "trained_factors")):
        return Hint("factor_frozen", {"name": min(missing)})
    if not seen["A"].isfinite().all() or not seen["A"].any():
        return Hint("a_is_zero")
    if seen["B"].any():
        return Hint("b_is_not_zero")
    if len(seen["A"].unique()) < seen["A"].numel() // 2:
        return Hint("a_is_not_random")
    return None


def _judge_outputs(seen: Seen, case: Case) -> Hint | None:
    base = _base_output(case)
    if not isinstance(seen.get("first_output"), torch.Tensor):
        return Hint("not_a_tensor", {"type": seen.get("first_output")})
    if not close(seen["first_output"], base):
        no_bias = case["bias"] is not None and close(seen["first_output"], base - case["bias"])
        return Hint("bias_lost" if no_bias else "first_output")
    output, scaling = seen.get("output"), case["alpha"] / case["r"]
    update = case["x"] @ _update(case).T
    if not close(output, base + scaling * update):
        factors = {
            "not_scaled": 1.0,
            "scaled_by_alpha": float(case["alpha"]),
            "scaled_upside_down": 1 / scaling,
            "update_unused": 0.0,
            "scaled_by_root": case["alpha"] / case["r"] ** 0.5,
        }
        mistakes = [(name, base + factor * update) for name, factor in factors.items()]
        return Hint(first_match(output, mistakes) or "output")
    if missing := {"A", "B"} - set(names(seen, "learn")):
        return Hint("no_gradient", {"name": min(missing)})
    return (
        None if close(seen.get("stepped"), _stepped(case)) else Hint("no_gradient", {"name": "A"})
    )


def _stepped(case: Case) -> torch.Tensor:
    """Return the output after a step that moves A and B alone."""
    layer = _Layer(case)
    layer(case["x"]).square().mean().backward()
    step(layer.parameters())
    return layer(case["x"]).detach()


class _Layer(nn.Module):
    """A LoRA layer as the exercise describes it, for `merge` to work on."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.base = _base_of(case).requires_grad_(False)
        self.A, self.B = nn.Parameter(case["A"].clone()), nn.Parameter(case["B"].clone())
        self.scaling = case["alpha"] / case["r"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        low_rank = nn.functional.linear(nn.functional.linear(x, self.A), self.B)
        return self.base(x) + low_rank * self.scaling


@exercise("merge")
class Merge:
    """`merge(layer)`: one plain linear layer that computes the same; the LoRA layer stays."""

    def cases(self, seed: int) -> list[Case]:
        return _cases(seed + 10)

    def observe(self, merge: Any, case: Case) -> Seen:
        layer = _Layer(case)
        merged = merge(layer)
        if type(merged) is not nn.Linear:
            return {"made": type(merged).__name__}
        return {
            "made": "Linear",
            "weight": plain_tensor(merged.weight),
            "bias": plain_tensor(merged.bias),
            "base_weight": plain_tensor(layer.base.weight),
            "factors": [plain_tensor(layer.A), plain_tensor(layer.B)],
        }

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen.get("made") != "Linear":
            return Hint("not_linear", {"type": seen.get("made")})
        weight, scaling = case["weight"], case["alpha"] / case["r"]
        if not close(seen.get("base_weight"), weight) or not _factors_kept(seen, case):
            return Hint("layer_changed")
        found, update = seen.get("weight"), _update(case)
        if not close(found, weight + scaling * update):
            mistakes = [
                ("not_scaled", weight + update),
                ("not_merged", weight),
                ("base_lost", scaling * update),
            ]
            return Hint(first_match(found, mistakes) or "weight")
        if case["bias"] is None:
            return None if seen.get("bias") == "NoneType" else Hint("bias_added")
        return None if close(seen.get("bias"), case["bias"]) else Hint("bias_lost")

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        message = error["message"]
        if "cannot be multiplied" in message or "must match the size" in message:
            return Hint("product_order", {"message": message})
        if "leaf Variable that requires grad" in message:
            return Hint("needs_no_grad")
        if "cannot assign" in message and "as parameter" in message:
            return Hint("not_a_parameter")
        return None


def _factors_kept(seen: Seen, case: Case) -> bool:
    factors = seen.get("factors")
    return (
        isinstance(factors, (list, tuple))
        and len(factors) == 2
        and close(factors[0], case["A"])
        and close(factors[1], case["B"])
    )
