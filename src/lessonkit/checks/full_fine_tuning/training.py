"""The check of `build_trainer`."""

import contextlib
import math
import random
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.full_fine_tuning.plain import close, mapping, number, text
from lessonkit.checks.tiny import SPECIAL_TOKENS, WORDS, tiny_tokenizer, word

WARMUP = 0.1


@exercise("build_trainer")
class BuildTrainer:
    """`build_trainer(model, tokenizer, train, test, ...)`: a Trainer, set up and not yet run.

    Its first epoch is laid out: which texts meet in which batch, what the model makes of them, and
    the learning rate of each step.
    """

    def cases(self, seed: int) -> list[Case]:
        return [
            {"seed": seed + 3, "learning_rate": 3e-4, "epochs": 2, "batch_size": 4, "rows": 20},
            {"seed": seed + 8, "learning_rate": 1e-5, "epochs": 5, "batch_size": 2, "rows": 12},
        ]

    def observe(self, build_trainer: Any, case: Case) -> Seen:
        model = _tiny_classifier(case["seed"])
        before = _weights(model)
        train, test = _rows(case["seed"], case["rows"]), _rows(case["seed"] + 1, 6)
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            trainer = build_trainer(
                model,
                tiny_tokenizer(),
                train,
                test,
                learning_rate=case["learning_rate"],
                epochs=case["epochs"],
                batch_size=case["batch_size"],
                seed=case["seed"],
                max_grad_norm=0.5,
            )
            if not isinstance(trainer, Trainer):
                return {"type": type(trainer).__name__}
            seen = {"type": "Trainer", **_arguments(trainer), **_data(trainer)}
            if seen.get("batch_shape") == [2, 5] and "labels" in seen["columns"]:
                seen["plan"] = _plan(trainer, case)
        return seen | {
            "same_model": trainer.model is model,
            "same_weights": torch.equal(before, _weights(model)),
            "steps_taken": int(trainer.state.global_step),
            "frozen": [n for n, p in model.named_parameters() if not p.requires_grad],
        }

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen.get("type") != "Trainer":
            return Hint("returned", {"type": text(seen.get("type"))})
        return (
            _judge_model(seen)
            or _judge_data(seen, case)
            or _judge_numbers(seen, case)
            or _judge_habits(seen)
            or _judge_plan(seen, case)
        )

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        message = error["message"]
        if "create tensor" in message or "expected sequence of length" in message:
            return Hint("no_padding")
        if "eval_strategy" in message and "eval_dataset" in message:
            return Hint("no_test_texts")
        if "multiple values for keyword" in message or "unexpected keyword argument" in message:
            return Hint("options", {"message": message})
        return None


def _tiny_classifier(seed: int) -> BertForSequenceClassification:
    config = BertConfig(
        vocab_size=len(SPECIAL_TOKENS) + WORDS,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BertForSequenceClassification(config)


def _weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().cpu().flatten() for p in model.parameters()]).clone()


def _rows(seed: int, count: int) -> Dataset:
    """Return tokenized rows of different lengths."""
    random = np.random.default_rng(seed)
    lengths = random.integers(3, 20, size=count)
    texts = [" ".join(word(i) for i in random.integers(0, WORDS, size=n)) for n in lengths]
    encoded = tiny_tokenizer()(texts)
    columns = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    return Dataset.from_dict({"label": [i % 2 for i in range(count)], **columns})


def _arguments(trainer: Trainer) -> Seen:
    """Return what was set, as numbers and strings."""
    args = trainer.args
    return {
        "learning_rate": float(args.learning_rate),
        "epochs": float(args.num_train_epochs),
        "max_steps": int(args.max_steps),
        "batch_size": int(args.per_device_train_batch_size),
        "accumulated": int(args.gradient_accumulation_steps),
        "seed": int(args.seed),
        "max_grad_norm": float(args.max_grad_norm),
        "schedule": str(getattr(args.lr_scheduler_type, "value", args.lr_scheduler_type)),
        "warmup_steps": float(args.warmup_steps or 0),
        "sampling": str(args.train_sampling_strategy),
        "saving": str(getattr(args.save_strategy, "value", args.save_strategy)),
        "metrics": trainer.compute_metrics is not None,
    }


def _data(trainer: Trainer) -> Seen:
    """Return the sizes of both data sets, and the batch that is made of two short texts."""
    train, test = trainer.train_dataset, trainer.eval_dataset
    seen: Seen = {"train_rows": _size(train), "test_rows": _size(test)}
    if not seen["train_rows"]:
        return seen
    columns = ("input_ids", "attention_mask", "label")
    rows = [{name: train[i][name] for name in columns} for i in (0, 1)]
    rows[0]["input_ids"], rows[0]["attention_mask"] = [2, 7, 9, 8, 3], [1] * 5
    rows[1]["input_ids"], rows[1]["attention_mask"] = [2, 5, 3], [1] * 3
    batch = trainer.data_collator(rows)
    seen["columns"] = sorted(str(name) for name in batch)
    if "input_ids" in batch and isinstance(batch["input_ids"], torch.Tensor):
        seen["batch_shape"] = list(batch["input_ids"].shape)
    return seen


def _plan(trainer: Trainer, case: Case) -> Seen:
    """Return the batches of an epoch, the model's loss on each, and the rates of all steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(case["seed"])
        batches = list(trainer.get_train_dataloader())
    with torch.no_grad():
        trainer.model.eval()
        losses = [float(trainer.model(**batch).loss) for batch in batches]
    steps = case["epochs"] * math.ceil(case["rows"] / case["batch_size"])
    trainer.create_optimizer_and_scheduler(steps)
    rates = []
    for _ in range(steps):
        rates.append(float(trainer.lr_scheduler.get_last_lr()[0]))
        trainer.optimizer.step()  # nothing has a gradient: no weight moves
        trainer.lr_scheduler.step()
    texts = [batch["input_ids"].detach().cpu().clone() for batch in batches]
    return {"batches": texts, "losses": losses, "rates": rates}


def _size(rows: Any) -> int:
    return 0 if rows is None else len(rows)


def _judge_model(seen: Seen) -> Hint | None:
    if seen.get("same_model") is not True:
        return Hint("other_model")
    if seen.get("same_weights") is not True or seen.get("steps_taken") != 0:
        return Hint("already_trained")
    frozen = seen.get("frozen")
    if not isinstance(frozen, list) or frozen:
        return Hint("frozen", {"count": len(frozen) if isinstance(frozen, list) else "?"})
    return None


def _judge_data(seen: Seen, case: Case) -> Hint | None:
    rows, test_rows = number(seen.get("train_rows")), number(seen.get("test_rows"))
    if rows == 6 != case["rows"]:
        return Hint("trains_on_test")
    if rows != case["rows"]:
        return Hint("train_rows", {"found": f"{rows:g}", "expected": case["rows"]})
    if test_rows == case["rows"]:
        return Hint("tests_on_train")
    if test_rows != 6:
        return Hint("no_test_texts")
    columns, shape = seen.get("columns"), seen.get("batch_shape")
    if not isinstance(columns, list) or "labels" not in columns:
        return Hint("no_labels")
    if not isinstance(shape, list) or len(shape) != 2:
        return Hint("no_padding")
    if shape != [2, 5]:
        return Hint("padded_to_one_length", {"found": text(shape[1])})
    return None


def _judge_numbers(seen: Seen, case: Case) -> Hint | None:
    for name in ("learning_rate", "epochs", "batch_size", "seed"):
        if not close(seen.get(name), case[name], 1e-9):
            values = {"found": text(seen.get(name)), "expected": case[name]}
            return Hint(name, values)
    if not number(seen.get("max_steps")) <= 0:
        return Hint("max_steps", {"found": text(seen.get("max_steps"))})
    if seen.get("accumulated") != 1:
        values = {"found": text(seen.get("accumulated")), "expected": case["batch_size"]}
        return Hint("accumulated", values)
    if not close(seen.get("max_grad_norm"), 0.5):
        return Hint("options_ignored")
    return None


def _judge_habits(seen: Seen) -> Hint | None:
    if seen.get("metrics") is not True:
        return Hint("no_metrics")
    if seen.get("schedule") != "linear":
        return Hint("schedule", {"found": text(seen.get("schedule"))})
    warmup = number(seen.get("warmup_steps"))
    if not warmup > 0:
        return Hint("no_warmup")
    if not close(warmup, WARMUP):
        return Hint("warmup", {"found": f"{warmup:g}"})
    if seen.get("sampling") != "group_by_length":
        return Hint("not_grouped", {"found": text(seen.get("sampling"))})
    if seen.get("saving") != "no":
        return Hint("saves", {"found": text(seen.get("saving"))})
    return None


def _judge_plan(seen: Seen, case: Case) -> Hint | None:
    plan, right = mapping(seen.get("plan")), _right_plan(case)
    if not _are_close(plan.get("rates"), right["rates"]):
        return Hint("schedule", {"found": text(seen.get("schedule"))})
    batches = plan.get("batches")
    if not isinstance(batches, list) or len(batches) != len(right["batches"]):
        return Hint("not_grouped", {"found": text(seen.get("sampling"))})
    for found, expected in zip(batches, right["batches"], strict=True):
        if not isinstance(found, torch.Tensor) or not torch.equal(found, expected):
            return Hint("not_grouped", {"found": text(seen.get("sampling"))})
    return None if _are_close(plan.get("losses"), right["losses"]) else Hint("other_model")


def _are_close(found: Any, expected: list[float]) -> bool:
    if not isinstance(found, list) or len(found) != len(expected):
        return False
    return all(
        close(one, right, 1e-4 * abs(right)) for one, right in zip(found, expected, strict=True)
    )


def _right_plan(case: Case) -> Seen:
    """Return the plan of a trainer that is set up as it was asked for."""
    tokenizer = tiny_tokenizer()
    with tempfile.TemporaryDirectory() as folder, _generators_kept():
        arguments = TrainingArguments(
            output_dir=folder,
            learning_rate=case["learning_rate"],
            num_train_epochs=case["epochs"],
            per_device_train_batch_size=case["batch_size"],
            seed=case["seed"],
            warmup_steps=WARMUP,
            train_sampling_strategy="group_by_length",
            save_strategy="no",
            dataloader_pin_memory=False,  # it would warn where there is no GPU
        )
        trainer = Trainer(
            _tiny_classifier(case["seed"]),
            arguments,
            DataCollatorWithPadding(tokenizer),
            _rows(case["seed"], case["rows"]),
        )
        return _plan(trainer, case)


@contextlib.contextmanager
def _generators_kept() -> Iterator[None]:
    """Put the generators of random numbers back, which a Trainer seeds."""
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        yield
    random.setstate(python)
    np.random.set_state(numpy)
