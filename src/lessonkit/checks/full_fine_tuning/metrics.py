"""The check of `compute_metrics`."""

from typing import Any

import numpy as np
import torch
from transformers import EvalPrediction

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.full_fine_tuning.plain import (
    close,
    malformed_numbers,
    mapping,
    number,
    plain_numbers,
)

NAMES = ("accuracy", "missed", "false_alarms")


@exercise("compute_metrics")
class ComputeMetrics:
    """`compute_metrics(prediction)`: accuracy, missed attacks, false alarms."""

    def cases(self, seed: int) -> list[Case]:
        return [
            _case(seed, ordinary=40, injections=24, shift=0.0),
            _case(seed + 1, ordinary=18, injections=45, shift=-3.0),
            _case(seed + 2, ordinary=33, injections=12, shift=2.0),
        ]

    def observe(self, compute_metrics: Any, case: Case) -> Seen:
        logits, labels = case["logits"].numpy().copy(), case["labels"].numpy().copy()
        return plain_numbers(compute_metrics(EvalPrediction(logits, labels)))

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if hint := malformed_numbers(seen, NAMES):
            return hint
        found = mapping(seen["values"])
        right = _metrics(case["logits"].argmax(-1), case["labels"])
        if all(close(found[name], right[name]) for name in NAMES):
            return None
        return Hint(*_mistake(found, right, case))

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        message = error["message"]
        if "could not be broadcast" in message or "inhomogeneous" in message:
            return Hint("wrong_axis")
        return None


def _case(seed: int, ordinary: int, injections: int, shift: float) -> Case:
    """Logits of which neither the sign nor the size alone tells the class."""
    random = np.random.default_rng(seed)
    labels = random.permutation([0] * ordinary + [1] * injections)
    logits = random.normal(size=(len(labels), 2)) * 1.5 + shift
    logits[np.arange(len(labels)), labels] += 1.0
    logits[:, 1] += 0.4
    return {"logits": torch.tensor(logits, dtype=torch.float32), "labels": torch.tensor(labels)}


def _metrics(predicted: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    wrong = predicted != labels
    shares = {
        "accuracy": ~wrong,
        "missed": wrong[labels == 1],
        "false_alarms": wrong[labels == 0],
    }
    return {name: float(share.double().mean()) for name, share in shares.items()}


def _mistake(found: Any, right: dict[str, float], case: Case) -> tuple[str, dict[str, Any]]:
    """Return the name of the likely mistake, and what its hint needs."""
    if all(close(found[name], 100 * right[name], 1e-4) for name in NAMES):
        return "percent", {}
    for name, metrics in _other_predictions(case).items():
        if all(close(found[key], metrics[key]) for key in NAMES):
            return name, {}
    missed, alarms = right["missed"], right["false_alarms"]
    if close(found["missed"], alarms) and close(found["false_alarms"], missed):
        return "swapped", {}
    for name, key, value in _other_shares(right, case):
        if close(found[key], value) and not close(found[key], right[key]):
            return name, {"name": key}
    wrong = next(key for key in NAMES if not close(found[key], right[key]))
    return "value", {"name": wrong, "found": f"{number(found[wrong]):.4g}"}


def _other_predictions(case: Case) -> dict[str, dict[str, float]]:
    logits, labels = case["logits"], case["labels"]
    return {
        "inverted": _metrics(logits.argmin(-1), labels),
        "threshold": _metrics((logits[:, 1] > 0.5).long(), labels),
        "sign": _metrics((logits[:, 1] > 0).long(), labels),
    }


def _other_shares(right: dict[str, float], case: Case) -> list[tuple[str, str, float]]:
    predicted, labels = case["logits"].argmax(-1), case["labels"]
    missed = float(((predicted == 0) & (labels == 1)).sum())
    alarms = float(((predicted == 1) & (labels == 0)).sum())
    return [
        ("counts", "missed", missed),
        ("counts", "false_alarms", alarms),
        ("of_all_texts", "missed", missed / len(labels)),
        ("of_all_texts", "false_alarms", alarms / len(labels)),
        ("of_predicted", "missed", missed / float((predicted == 0).sum())),
        ("of_predicted", "false_alarms", alarms / float((predicted == 1).sum())),
        ("caught", "missed", 1 - right["missed"]),
        ("caught", "false_alarms", 1 - right["false_alarms"]),
        ("error_rate", "accuracy", 1 - right["accuracy"]),
    ]
