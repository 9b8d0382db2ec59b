"""The check of `measure`."""

import time
from typing import Any

import torch
from torch import nn

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.full_fine_tuning.plain import (
    close,
    malformed_numbers,
    mapping,
    number,
    plain_numbers,
)

NAMES = ("seconds", "peak_mb", "trained", "share", "accuracy")
FLOAT = 4  # bytes


@exercise("measure")
class Measure:
    """`measure(train, evaluate, device)`: seconds and peak memory of training; what was trained."""

    def cases(self, seed: int) -> list[Case]:
        """Two methods of which no time fits both: one of them trains several times as long."""
        return [
            _case(seed, width=60, classes=2, seconds=0.04),
            _case(seed + 7, width=45, classes=5, seconds=0.2),
        ]

    def observe(self, measure: Any, case: Case) -> Seen:
        method = _Method(case)
        start = time.perf_counter()
        result = measure(method.train, method.evaluate, "cpu")
        return {
            **plain_numbers(result),
            "total_seconds": time.perf_counter() - start,
            "calls": method.calls,
            "train_seconds": method.seconds.get("train", 0.0),
            "evaluate_seconds": method.seconds.get("evaluate", 0.0),
            "evaluated_the_trained": method.evaluated_the_trained,
        }

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if hint := malformed_numbers(seen, NAMES):
            return hint
        found = mapping(seen["values"])
        return (
            _judge_calls(seen)
            or _judge_seconds(found["seconds"], seen, case)
            or _judge_peak(found["peak_mb"], case)
            or _judge_parameters(found, case)
            or _judge_accuracy(found["accuracy"], case)
        )


def _case(seed: int, width: int, classes: int, seconds: float) -> Case:
    return {
        "width": width + seed % 13,
        "classes": classes,
        "train_seconds": seconds + 0.002 * (seed % 10),
        "evaluate_seconds": 0.2,
        "train_peak": 3_000_000 + 1000 * (seed % 500),
        "evaluate_peak": 9_000_000,
        "accuracy": round(0.6 + (seed % 30) / 100, 4),
    }


class _Method:
    """A method whose time, memory and accuracy are known: it waits and fills memory."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.calls: list[str] = []
        self.seconds: dict[str, float] = {}
        self.model: nn.Module | None = None
        self.evaluated_the_trained = False

    def train(self) -> nn.Module:
        start = time.perf_counter()
        self.calls.append("train")
        self.model = _model(self.case)
        time.sleep(self.case["train_seconds"])
        _fill_memory(self.case["train_peak"])
        self.seconds["train"] = time.perf_counter() - start
        return self.model

    def evaluate(self, model: nn.Module) -> float:
        start = time.perf_counter()
        self.calls.append("evaluate")
        self.evaluated_the_trained = model is self.model
        time.sleep(self.case["evaluate_seconds"])
        _fill_memory(self.case["evaluate_peak"])
        self.seconds["evaluate"] = time.perf_counter() - start
        return self.case["accuracy"]


def _model(case: Case) -> nn.Module:
    """Return a frozen layer under a trained one."""
    width = case["width"]
    model = nn.Sequential(nn.Linear(width, width), nn.Linear(width, case["classes"]))
    model[0].requires_grad_(False)
    return model


def _fill_memory(size: int) -> None:
    torch.zeros(size // FLOAT)


def _judge_calls(seen: Seen) -> Hint | None:
    calls = seen.get("calls")
    if not isinstance(calls, list) or "train" not in calls:
        return Hint("not_trained")
    if calls.count("train") > 1:
        return Hint("trained_twice", {"count": calls.count("train")})
    if "evaluate" not in calls:
        return Hint("not_evaluated")
    if seen.get("evaluated_the_trained") is not True:
        return Hint("other_model")
    return None


def _judge_seconds(found: float, seen: Seen, case: Case) -> Hint | None:
    train, evaluate = number(seen.get("train_seconds")), number(seen.get("evaluate_seconds"))
    low, high = 0.98 * case["train_seconds"], number(seen.get("total_seconds")) - evaluate / 2
    if low <= found <= high:
        return None
    if low <= found / 1000 <= high:
        return Hint("milliseconds")
    if not found < high:
        return Hint("times_too_much", {"found": f"{found:.2f}", "expected": f"{train:.2f}"})
    if found < 0:
        return Hint("negative_time")
    return Hint("times_too_little", {"found": f"{found:.4f}", "expected": f"{train:.4f}"})


def _judge_peak(found: float, case: Case) -> Hint | None:
    width, classes = case["width"], case["classes"]
    weights = FLOAT * (width * width + width + width * classes + classes)
    low = case["train_peak"] / 1e6
    high = low + 2 * weights / 1e6 + 0.05
    if low <= found <= high:
        return None
    if found == 0:
        return Hint("read_too_early")
    if low <= found / 1e6 <= high:
        return Hint("bytes")
    if low <= found * 2**20 / 1e6 <= high:
        return Hint("mebibytes")
    evaluate = case["evaluate_peak"] / 1e6
    if evaluate <= found <= evaluate + high:
        return Hint("peak_of_evaluation", {"found": f"{found:.1f}"})
    return Hint("other_peak", {"found": f"{found:.1f}", "expected": f"{high:.1f}"})


def _judge_parameters(found: Any, case: Case) -> Hint | None:
    width, classes = case["width"], case["classes"]
    frozen, trained = width * width + width, width * classes + classes
    if close(found["trained"], trained + frozen):
        return Hint("counts_all")
    if close(found["trained"], 2):
        return Hint("counts_tensors")
    if not close(found["trained"], trained):
        return Hint("trained", {"found": f"{found['trained']:g}", "expected": trained})
    share = trained / (trained + frozen)
    if close(found["share"], 100 * share):
        return Hint("percent")
    if close(found["share"], trained / frozen):
        return Hint("share_of_frozen")
    if not close(found["share"], share):
        return Hint("share", {"found": f"{found['share']:.4g}", "expected": f"{share:.4g}"})
    return None


def _judge_accuracy(found: float, case: Case) -> Hint | None:
    if close(found, case["accuracy"]):
        return None
    return Hint("accuracy", {"found": f"{found:.4g}", "expected": case["accuracy"]})
