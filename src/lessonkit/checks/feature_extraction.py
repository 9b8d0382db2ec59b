"""Checks of lesson 02: freezing, pooling, extracting features, a linear probe."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from transformers.modeling_outputs import BaseModelOutputWithPooling

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.tiny import (
    MAX_TOKENS,
    WORDS,
    masked_mean,
    random_batch,
    tiny_encoder,
    tiny_tokenizer,
    word,
)

TOLERANCE = 1e-4


@exercise("freeze")
class Freeze:
    """`freeze(model)`: no parameter trains, dropout is off, the weights stay as they were."""

    def cases(self, seed: int) -> list[Case]:
        return [{"seed": seed, "family": "bert"}, {"seed": seed + 1, "family": "other"}]

    def observe(self, freeze: Any, case: Case) -> Seen:
        returned = freeze(_model_of_family(case))
        if not isinstance(returned, nn.Module):
            return {"returned": type(returned).__name__}
        parameters = dict(nn.Module.named_parameters(returned))  # not what a subclass says they are
        modules = nn.Module.named_modules(returned)
        return {
            "returned": "module",
            "trainable": [name for name, p in parameters.items() if p.requires_grad],
            "parameters": list(parameters),
            "training": [name or "model" for name, module in modules if module.training],
            "weights": _flat(parameters.values()),
        }

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen["returned"] != "module":
            return Hint("returned", {"type": seen["returned"]})
        if not _close(seen["weights"], _flat(_model_of_family(case).parameters())):
            return Hint("weights_changed")
        trainable = seen["trainable"]
        if trainable and len(trainable) == len(seen["parameters"]):
            return Hint("all_trainable")
        if trainable:
            return Hint("some_trainable", {"count": len(trainable), "example": trainable[0]})
        if seen["training"]:
            return Hint("training_mode")
        return None


def _model_of_family(case: Case) -> nn.Module:
    if case["family"] == "bert":
        return tiny_encoder(case["seed"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(case["seed"])
        layers = (nn.Linear(6, 5), nn.Dropout(0.5), nn.LayerNorm(5), nn.Linear(5, 2))
        return nn.Sequential(*layers).train()


def _flat(parameters: Iterable[nn.Parameter]) -> torch.Tensor:
    """Return the values of all parameters, one behind the other."""
    return torch.cat([torch.empty(0), *(parameter.detach().flatten() for parameter in parameters)])


@exercise("pool")
class Pool:
    """`pool(outputs, attention_mask, how)`: "cls", "pooler" or the masked "mean"."""

    def cases(self, seed: int) -> list[Case]:
        generator = torch.Generator().manual_seed(seed)
        return [
            _pool_case(generator, lengths=[5, 2, 7], width=6),
            _pool_case(generator, lengths=[1, 4], width=9),
            _pool_case(generator, lengths=[8, 3, 3, 6, 2], width=4),
        ]

    def observe(self, pool: Any, case: Case) -> Seen:
        outputs = BaseModelOutputWithPooling(
            last_hidden_state=case["hidden"].clone(), pooler_output=case["pooler"].clone()
        )
        seen = {how: pool(outputs, case["mask"].clone(), how) for how in ("cls", "pooler", "mean")}
        return {how: _plain_tensor(value) for how, value in seen.items()}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        hidden, mask = case["hidden"], case["mask"]
        expected = {
            "cls": hidden[:, 0],
            "pooler": case["pooler"],
            "mean": masked_mean(hidden, mask),
        }
        for how, value in expected.items():
            if not isinstance(seen[how], torch.Tensor):
                return Hint("not_a_tensor", {"how": how, "type": seen[how]})
            if _close(seen[how], value):
                continue
            if mistake := _pooling_mistake(seen[how], how, case):
                return Hint(mistake)
            if seen[how].shape != value.shape:
                shapes = {"found": tuple(seen[how].shape), "expected": tuple(value.shape)}
                return Hint("shape", {"how": how, **shapes})
            return Hint("value", {"how": how})
        return None


def _pool_case(generator: torch.Generator, lengths: list[int], width: int) -> Case:
    shape = (len(lengths), max(lengths), width)
    mask = torch.arange(shape[1]) < torch.tensor(lengths)[:, None]
    hidden = torch.randn(shape, generator=generator)
    hidden[~mask] += 5.0  # counting the padding must show
    pooler = torch.tanh(torch.randn(shape[0], width, generator=generator))
    return {"hidden": hidden, "mask": mask.long(), "pooler": pooler}


def _pooling_mistake(found: torch.Tensor, how: str, case: Case) -> str | None:
    hidden, mask = case["hidden"], case["mask"]
    total = (hidden * mask[..., None]).sum(dim=1)
    mistakes = {
        "cls": {
            "last_token": hidden[:, -1],
            "first_text": hidden[0],
            "cls_is_pooler": case["pooler"],
        },
        "pooler": {"pooler_is_cls": hidden[:, 0]},
        "mean": {
            "padding_counted": hidden.mean(dim=1),
            "divided_by_length": total / hidden.shape[1],
            "not_divided": total,
            "wrong_axis": (hidden * mask[..., None]).sum(dim=2),
            "one_count": total / mask.sum(),
        },
    }
    close = (name for name, value in mistakes[how].items() if _close(found, value))
    return next(close, None)


@exercise("FeatureExtractor")
class FeatureExtractorCheck:
    """`FeatureExtractor(encoder, num_classes)`: a frozen encoder under a linear head."""

    def cases(self, seed: int) -> list[Case]:
        return [
            {"seed": seed, "classes": 2, "hidden_size": 32, "lengths": [9, 4, 6]},
            {"seed": seed + 1, "classes": 5, "hidden_size": 16, "lengths": [3, 12]},
        ]

    def observe(self, extractor_class: Any, case: Case) -> Seen:
        encoder = tiny_encoder(case["seed"], case["hidden_size"])
        batch = _batch_of(case)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(case["seed"])
            extractor = extractor_class(encoder, case["classes"])
            if not isinstance(extractor, nn.Module):
                return {"made": type(extractor).__name__}
            return {"made": "module", **_watch_extractor(extractor, encoder, batch)}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen["made"] != "module":
            return Hint("not_a_module", {"type": seen["made"]})
        return _judge_head(seen, case) or _judge_encoder(seen) or _judge_logits(seen, case)

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        if "does not require grad" in error["message"]:
            return Hint("head_frozen")
        if "Inference tensors cannot be saved" in error["message"]:
            return Hint("inference_mode")
        return None


def _batch_of(case: Case) -> dict[str, torch.Tensor]:
    return random_batch(torch.Generator().manual_seed(case["seed"]), case["lengths"])


def _watch_extractor(
    extractor: nn.Module, encoder: nn.Module, batch: dict[str, torch.Tensor]
) -> Seen:
    """Run the extractor in training and evaluation mode and note what its parts did."""
    inside = [module for module in extractor.modules() if type(module) is type(encoder)]
    if not inside:
        return {"encoder_found": False}
    outputs: list[torch.Tensor] = []
    hook = inside[0].register_forward_hook(
        lambda _module, _inputs, output: outputs.append(output.last_hidden_state.detach().clone())
    )
    seen = {"encoder_found": True, **_describe_parameters(extractor, inside[0])}
    seen["train_returns_itself"] = extractor.train() is extractor
    seen["encoder_training"] = inside[0].training
    logits = extractor(**batch)
    seen["logits_type"] = type(logits).__name__
    if not isinstance(logits, torch.Tensor):
        return seen
    logits.sum().backward()
    extractor(**batch)
    seen["encoder_ran"] = len(outputs)
    seen["same_twice"] = len(outputs) >= 2 and torch.equal(outputs[0], outputs[1])
    extractor.eval()
    seen["logits"] = extractor(**batch).detach()
    seen["hidden"] = outputs[-1] if outputs else torch.empty(0)
    hook.remove()
    seen["pooled_by_pooler"] = inside[0].pooler(seen["hidden"]).detach() if outputs else None
    return seen


def _describe_parameters(extractor: nn.Module, encoder: nn.Module) -> Seen:
    inside = {id(parameter) for parameter in encoder.parameters()}
    trainable = [p for p in extractor.parameters() if p.requires_grad]
    heads = [m for m in extractor.modules() if isinstance(m, nn.Linear)]
    heads = [m for m in heads if id(m.weight) not in inside]
    seen: Seen = {
        "trainable_in_encoder": sum(p.numel() for p in trainable if id(p) in inside),
        "trainable_in_head": sum(p.numel() for p in trainable if id(p) not in inside),
        "linear_heads": len(heads),
    }
    if len(heads) == 1 and heads[0].bias is not None:
        seen |= {"weight": heads[0].weight.detach().clone(), "bias": heads[0].bias.detach().clone()}
    return seen


def _judge_head(seen: Seen, case: Case) -> Hint | None:
    if not seen["encoder_found"]:
        return Hint("no_encoder")
    if seen["linear_heads"] != 1 or "weight" not in seen:
        return Hint("one_linear_head", {"count": seen["linear_heads"]})
    expected = (case["classes"], case["hidden_size"])
    if tuple(seen["weight"].shape) != expected:
        return Hint("head_shape", {"found": tuple(seen["weight"].shape), "expected": expected})
    if seen["trainable_in_head"] == 0:
        return Hint("head_frozen")
    return None


def _judge_encoder(seen: Seen) -> Hint | None:
    if seen["trainable_in_encoder"]:
        return Hint("encoder_trainable", {"count": f"{seen['trainable_in_encoder']:,}"})
    if seen["logits_type"] != "Tensor":
        return Hint("not_logits", {"type": seen["logits_type"]})
    if not seen["encoder_ran"]:
        return Hint("encoder_unused")
    if seen["encoder_training"] or not seen["same_twice"]:
        return Hint("dropout_on")
    if not seen["train_returns_itself"]:
        return Hint("train_returns_nothing")
    return None


def _judge_logits(seen: Seen, case: Case) -> Hint | None:
    logits, hidden = seen["logits"], seen["hidden"]
    mask = _batch_of(case)["attention_mask"]
    if not _close(hidden, _reference_hidden(case)):
        return Hint("mask_not_passed")

    def head(pooled: torch.Tensor) -> torch.Tensor:
        return pooled @ seen["weight"].T + seen["bias"]

    if _close(logits, head(masked_mean(hidden, mask))):
        return None
    if _close(logits.sum(dim=-1), torch.ones(len(logits))):
        return Hint("probabilities")
    mistakes = {
        "padding_counted": hidden.mean(dim=1),
        "uses_cls": hidden[:, 0],
        "uses_pooler": seen["pooled_by_pooler"],
    }
    for name, pooled in mistakes.items():
        if _close(logits, head(pooled)):
            return Hint(name)
    return Hint("other_logits", {"found": tuple(logits.shape)})


@torch.inference_mode()
def _reference_hidden(case: Case) -> torch.Tensor:
    encoder = tiny_encoder(case["seed"], case["hidden_size"]).eval()
    return encoder(**_batch_of(case)).last_hidden_state


@exercise("extract_features")
class ExtractFeatures:
    """`extract_features(texts, encoder, ...)`: batched, cached, in order, little padding."""

    def cases(self, seed: int) -> list[Case]:
        return [
            {"seed": seed, "texts": _random_texts(seed, 37), "batch_size": 8, "known": 12},
            {"seed": seed + 1, "texts": _random_texts(seed + 1, 20), "batch_size": 4, "known": 5},
            {"seed": seed + 2, "texts": _with_long_text(seed + 2), "batch_size": 3, "known": 2},
        ]

    def observe(self, extract_features: Any, case: Case) -> Seen:
        encoder, tokenizer = tiny_encoder(case["seed"]).eval(), tiny_tokenizer()
        calls: list[dict[str, Any]] = []
        encoder.register_forward_pre_hook(
            lambda _m, args, kwargs: calls.append(_describe_call(encoder, args, kwargs)),
            with_kwargs=True,
        )
        texts, size = case["texts"], case["batch_size"]
        plain = extract_features(list(texts), encoder, tokenizer, batch_size=size)
        seen: Seen = {"features": _plain_tensor(plain), "calls": list(calls)}
        if not isinstance(plain, torch.Tensor):
            return seen
        cache: dict[str, torch.Tensor] = {}
        known = texts[: case["known"]]
        extract_features(list(known), encoder, tokenizer, batch_size=size, cache=cache)
        calls.clear()
        again = extract_features(list(texts), encoder, tokenizer, batch_size=size, cache=cache)
        seen |= {"cached": len(cache), "rows_with_cache": sum(call["rows"] for call in calls)}
        return seen | {"features_with_cache": _plain_tensor(again)}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        expected = _reference_features(case)
        return (
            _judge_features(seen["features"], expected, case)
            or _judge_calls(seen["calls"], case)
            or _judge_cache(seen, expected, case)
        )

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        message = error["message"]
        if error["type"] in ("IndexError", "RuntimeError") and (
            "index out of range" in message
            or "must match the size" in message
            or "expanded size" in message
        ):
            return Hint("not_truncated")
        if "numpy() on Tensor that requires grad" in message:
            return Hint("gradients_on")
        return None


def _random_texts(seed: int, count: int) -> list[str]:
    """Texts of 1 to 30 words in no order of length."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 31, size=count)
    return [" ".join(word(i) for i in random.integers(0, WORDS, size=n)) for n in lengths]


def _with_long_text(seed: int) -> list[str]:
    """Texts of which the first is longer than the encoder takes."""
    return [" ".join([word(seed % WORDS)] * (MAX_TOKENS + 50)), *_random_texts(seed, 6)]


def _is_long(text: str) -> bool:
    return len(text.split()) > MAX_TOKENS


def _describe_call(encoder: nn.Module, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Note shape and modes of a forward call; a call with something else fails by itself."""
    given = {**dict(zip(("input_ids", "attention_mask"), args, strict=False)), **kwargs}
    ids, mask = given.get("input_ids"), given.get("attention_mask")
    if not isinstance(ids, torch.Tensor):
        raise TypeError(f"the encoder was given {type(ids).__name__} in place of token ids")
    return {
        "rows": ids.shape[0],
        "columns": ids.shape[1],
        "masked": mask is not None,
        "gradients": torch.is_grad_enabled(),
        "training": encoder.training,
    }


def _judge_features(features: Any, expected: torch.Tensor, case: Case) -> Hint | None:
    if not isinstance(features, torch.Tensor):
        return Hint("not_a_tensor", {"type": features})
    if features.shape != expected.shape:
        shapes = {"found": tuple(features.shape), "expected": tuple(expected.shape)}
        return Hint("shape", shapes)
    short = torch.tensor([not _is_long(text) for text in case["texts"]])
    features, expected = features[short], expected[short]  # where to cut a long text is free
    if _close(features, expected):
        return None
    if _same_rows(features, expected):
        return Hint("order")
    return Hint("features")


def _same_rows(features: torch.Tensor, expected: torch.Tensor) -> bool:
    """Tell whether each expected row occurs, wherever it stands."""
    nearest = torch.cdist(expected.double(), features.double()).min(dim=1).values
    return bool((nearest < 1e-3).all())


def _judge_calls(calls: list[dict[str, Any]], case: Case) -> Hint | None:
    size = case["batch_size"]
    if not calls:
        return Hint("no_call")
    if any(not call["masked"] for call in calls):
        return Hint("mask_not_passed")
    if any(call["gradients"] for call in calls):
        return Hint("gradients_on")
    largest = max(call["rows"] for call in calls)
    if largest > size:
        return Hint("batch_too_large", {"found": largest, "expected": size})
    if largest == 1:
        return Hint("one_by_one")
    if any(map(_is_long, case["texts"])):
        return None
    if len({call["columns"] for call in calls}) == 1:
        return Hint("padded_to_one_length", {"columns": calls[0]["columns"]})
    tokens = sum(call["rows"] * call["columns"] for call in calls)
    if tokens > 1.25 * _tokens_when_sorted(case):
        return Hint("not_sorted", {"found": tokens, "expected": _tokens_when_sorted(case)})
    return None


def _tokens_when_sorted(case: Case) -> int:
    tokenizer = tiny_tokenizer()
    lengths = sorted(len(tokenizer(text, truncation=True)["input_ids"]) for text in case["texts"])
    size = case["batch_size"]
    batches = [lengths[i : i + size] for i in range(0, len(lengths), size)]
    return sum(len(batch) * max(batch) for batch in batches)


def _judge_cache(seen: Seen, expected: torch.Tensor, case: Case) -> Hint | None:
    texts, known = case["texts"], case["texts"][: case["known"]]
    if seen["cached"] == 0:
        return Hint("cache_not_filled")
    if seen["rows_with_cache"] > len(texts) - len(known):
        return Hint("cache_not_read", {"found": seen["rows_with_cache"], "known": len(known)})
    if _judge_features(seen["features_with_cache"], expected, case) is not None:
        return Hint("cache_wrong")
    return None


@torch.inference_mode()
def _reference_features(case: Case) -> torch.Tensor:
    """Encode texts of one length together, so that padding cannot matter."""
    encoder, tokenizer = tiny_encoder(case["seed"]).eval(), tiny_tokenizer()
    rows: dict[int, torch.Tensor] = {}
    tokens = tokenizer(case["texts"], truncation=True)["input_ids"]
    for _, group in groupby(sorted(enumerate(tokens), key=_length), key=_length):
        places, ids = zip(*group, strict=True)
        pooled = encoder(input_ids=torch.tensor(ids)).last_hidden_state.mean(dim=1)
        rows.update(zip(places, pooled, strict=True))
    return torch.stack([rows[place] for place in range(len(rows))])


def _length(numbered: tuple[int, list[int]]) -> int:
    return len(numbered[1])


@exercise("linear_probe")
class LinearProbe:
    """`linear_probe(features, labels)`: a fitted linear classifier with a `predict` method."""

    def cases(self, seed: int) -> list[Case]:
        return [
            _probe_case(seed, classes=2, width=16),
            _probe_case(seed + 1, classes=3, width=24),
        ]

    def observe(self, linear_probe: Any, case: Case) -> Seen:
        probe = linear_probe(case["train_features"].clone(), case["train_labels"].clone())
        seen: Seen = {"type": type(probe).__name__, "predicts": hasattr(probe, "predict")}
        if not seen["predicts"]:
            return seen
        test = case["test_features"].numpy()
        seen["predictions"] = torch.as_tensor(np.asarray(probe.predict(test)).astype(np.int64))
        seen["bent"] = _departure_from_linear(probe, test)
        return seen

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if not seen["predicts"]:
            return Hint("no_predict", {"type": seen["type"]})
        if seen["bent"] is None or seen["bent"] > 1e-3:
            return Hint("not_linear", {"type": seen["type"]})
        accuracy = _accuracy(seen["predictions"], case["test_labels"])
        if len(seen["predictions"].unique()) == 1:
            return Hint("constant")
        reference = _accuracy(_reference_predictions(case), case["test_labels"])
        if accuracy < reference - 0.07:
            values = {"found": f"{accuracy:.0%}", "expected": f"{reference:.0%}"}
            return Hint("inaccurate", values)
        return None

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        if error["type"] == "NotFittedError":
            return Hint("not_fitted")
        return None


def _probe_case(seed: int, classes: int, width: int) -> Case:
    """Gaussian clouds around one centre a class, the first class four times as frequent."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(classes, width)) * 0.75
    weights = np.array([4.0] + [1.0] * (classes - 1))

    def draw(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        labels = random.choice(classes, size=count, p=weights / weights.sum())
        features = centres[labels] + random.normal(size=(count, width))
        return torch.tensor(features, dtype=torch.float32), torch.tensor(labels)

    train, test = draw(120), draw(400)
    return {
        "train_features": train[0],
        "train_labels": train[1],
        "test_features": test[0],
        "test_labels": test[1],
    }


def _departure_from_linear(probe: Any, points: np.ndarray) -> float | None:
    """Return how far the scores at midpoints are from the mean of the scores at both ends.

    Zero for a linear classifier, up to rounding; relative to the scores' spread. None where the
    classifier has no `decision_function`.
    """
    if not hasattr(probe, "decision_function"):
        return None
    half = len(points) // 2
    a, b = points[:half], points[half : 2 * half]
    ends = (probe.decision_function(a) + probe.decision_function(b)) / 2
    middle = probe.decision_function((a + b) / 2)
    return float(np.abs(middle - ends).max() / (np.abs(ends).max() + 1e-12))


def _reference_predictions(case: Case) -> torch.Tensor:
    reference = LogisticRegression(max_iter=2000)
    reference.fit(case["train_features"].numpy(), case["train_labels"].numpy())
    return torch.as_tensor(reference.predict(case["test_features"].numpy()))


def _accuracy(predictions: torch.Tensor, labels: torch.Tensor) -> float:
    return float((predictions == labels).double().mean())


def _plain_tensor(value: Any) -> torch.Tensor | str:
    """Return a detached copy of a tensor, or the name of whatever else came back."""
    return value.detach().clone() if isinstance(value, torch.Tensor) else type(value).__name__


def _close(found: torch.Tensor, expected: torch.Tensor) -> bool:
    return found.shape == expected.shape and torch.allclose(
        found.double(), expected.double(), atol=TOLERANCE, rtol=TOLERANCE
    )
