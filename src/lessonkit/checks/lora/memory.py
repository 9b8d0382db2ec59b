"""The check of `training_memory`: bytes of weights, gradients and optimizer, by method."""

import random
from typing import Any

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.lora.plain import is_number, plain_number, same

PARTS = ("weights", "gradients", "optimizer")
METHODS = ("full fp32", "full mixed", "lora", "lora 4-bit")
BASE = {  # bytes of each of the model's own parameters
    "full fp32": (4, 4, 8),
    "full mixed": (2, 2, 12),
    "lora": (2, 0, 0),
    "lora 4-bit": (0.5, 0, 0),
}
TRAINED = (4, 4, 8)  # bytes of each parameter that LoRA adds


@exercise("training_memory")
class TrainingMemory:
    """`training_memory(parameters, method, trained)`: bytes of each part, before activations."""

    def cases(self, seed: int) -> list[Case]:
        draw = random.Random(seed)
        cases = []
        for method in METHODS:
            parameters = draw.randrange(10**8, 10**11)
            trained = draw.randrange(10**6, 10**7) if method.startswith("lora") else 0
            cases.append({"parameters": parameters, "method": method, "trained": trained})
        return cases

    def observe(self, training_memory: Any, case: Case) -> Seen:
        parts = training_memory(case["parameters"], case["method"], case["trained"])
        if not isinstance(parts, dict):
            return {"type": type(parts).__name__}
        return {
            "type": "dict",
            "names": sorted(str(name) for name in parts),
            "parts": {name: plain_number(parts.get(name)) for name in PARTS},
        }

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen.get("type") != "dict":
            return Hint("not_a_dict", {"type": seen.get("type")})
        parts = seen.get("parts")
        if seen.get("names") != sorted(PARTS) or not isinstance(parts, dict):
            return Hint("parts", {"found": seen.get("names")})
        for name in PARTS:
            if not is_number(parts.get(name)):
                return Hint("not_a_number", {"part": name, "type": parts.get(name)})
        expected = _bytes_of(case)
        if all(same(parts[name], expected[name]) for name in PARTS):
            return None
        if mistake := _mistake(parts, case):
            return Hint(mistake)
        wrong = next(name for name in PARTS if not same(parts[name], expected[name]))
        found = parts[wrong] / case["parameters"]
        return Hint("value", {"part": wrong, "method": case["method"], "found": f"{found:.3g}"})


def _bytes_of(case: Case) -> dict[str, float]:
    base = BASE[case["method"]]
    return {
        name: base[i] * case["parameters"] + TRAINED[i] * case["trained"]
        for i, name in enumerate(PARTS)
    }


def _mistake(parts: dict[str, Any], case: Case) -> str | None:
    """Return the mistake that gives these bytes; the first that does."""
    count, trained, method = case["parameters"], case["trained"], case["method"]
    right = _bytes_of(case)
    own = {name: TRAINED[i] * trained for i, name in enumerate(PARTS)}
    mistakes: dict[str, list[dict[str, float]]] = {
        "gigabytes": [
            {name: value / unit for name, value in right.items()} for unit in (1e9, 2**30)
        ]
    }
    if method == "full fp32":
        seed = {"weights": 4 * count, "gradients": 8 * count, "optimizer": 24 * count}
        mistakes["seed_arithmetic"] = [seed, {**right, "optimizer": 12 * count}]
        mistakes["one_moment"] = [{**right, "optimizer": 4 * count}]
    if method == "full mixed":
        mistakes["no_master_copy"] = [{**right, "optimizer": 8 * count}]
        mistakes["master_copy_in_weights"] = [
            {**right, "weights": 6 * count, "optimizer": 8 * count}
        ]
        mistakes["half_optimizer"] = [{**right, "optimizer": each * count} for each in (4, 6)]
        mistakes["gradients_in_fp32"] = [
            {**right, "gradients": 4 * count, "optimizer": each * count} for each in (8, 12)
        ]
    if method.startswith("lora"):
        base = right["weights"] - own["weights"]
        mistakes |= {
            "adapter_forgotten": [{**right, "weights": base}],
            "base_gets_gradients": [
                {**right, "gradients": each * count + more}
                for each in (2, 4, base / count)
                for more in (0, own["gradients"])
            ],
            "base_gets_optimizer": [
                {
                    "weights": weights,
                    "gradients": gradients * count + own["gradients"],
                    "optimizer": optimizer * count + own["optimizer"],
                }
                for weights in (base, right["weights"])
                for gradients in (2, 4, base / count)
                for optimizer in (8, 12)
            ],
            "base_in_fp32": [{**right, "weights": 4 * count + own["weights"]}],
            "four_bytes": [
                {**right, "weights": each * count + own["weights"]} for each in (1, 2, 4, 8)
            ],
            "adapter_in_16_bit": [
                {
                    "weights": base + 2 * trained,
                    "gradients": 2 * trained,
                    "optimizer": each * trained,
                }
                for each in (4, 8, 12)
            ],
        }
        mistakes.pop("four_bytes" if method == "lora" else "base_in_fp32")
    for name, candidates in mistakes.items():
        for candidate in candidates:
            if all(same(parts[part], candidate[part]) for part in PARTS):
                return name
    return None
