"""Checks of lesson 02: freezing, pooling, extracting features, a linear probe."""

from collections.abc import Iterable
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
STEP = 0.1  # learning rate of the step that shows what trains


@exercise("freeze")
class Freeze:
    """`freeze(model)`: no parameter trains, dropout is off, the weights stay as they were.

    A head is trained on the model's features for one step: what the model says of itself is not
    all that counts.
    """

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
            **_one_step(returned, case),
        }

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen["returned"] != "module":
            return Hint("returned", {"type": seen["returned"]})
        original = _model_of_family(case)
        if not _close(seen["weights"], _flat(original.parameters())):
            return Hint("weights_changed")
        trainable = seen["trainable"]
        if trainable and len(trainable) == len(seen["parameters"]):
            return Hint("all_trainable")
        if trainable:
            return Hint("some_trainable", {"count": len(trainable), "example": trainable[0]})
        if trainable != []:
            return Hint("all_trainable")
        expected = _one_step(original.eval().requires_grad_(False), case)
        if seen["training"] != [] or not _close(seen["features"], expected["features"]):
            return Hint("training_mode")
        if not all(_close(seen[name], expected[name]) for name in ("head", "stepped")):
            return Hint("all_trainable")
        return None


def _one_step(model: nn.Module, case: Case) -> Seen:
    """Train a linear head on a model's features for one step, and of the model what trains."""
    generator = torch.Generator().manual_seed(case["seed"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(case["seed"])
        if case["family"] == "bert":
            features = model(**random_batch(generator, [6, 3, 8])).last_hidden_state.mean(dim=1)
        else:
            features = model(torch.randn(4, 6, generator=generator))
    head = torch.randn(features.shape[1], 3, generator=generator).requires_grad_()
    (features @ head).square().mean().backward()
    _step((head, *nn.Module.parameters(model)))
    return {
        "features": features.detach().clone(),
        "head": head.detach(),
        "stepped": _flat(nn.Module.parameters(model)),
    }


@torch.no_grad()
def _step(parameters: Iterable[torch.Tensor]) -> None:
    """Move what has a gradient one step down."""
    for parameter in parameters:
        if parameter.grad is not None:
            parameter -= STEP * parameter.grad


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
    """`FeatureExtractor(encoder, num_classes)`: a frozen encoder under a linear head.

    The head gets weights of the check's before its logits are looked at, and one training step.
    """

    def cases(self, seed: int) -> list[Case]:
        return [
            _extractor_case(seed, classes=2, hidden_size=32, lengths=[9, 4, 6]),
            _extractor_case(seed + 1, classes=5, hidden_size=16, lengths=[3, 12]),
        ]

    def observe(self, extractor_class: Any, case: Case) -> Seen:
        encoder = tiny_encoder(case["seed"], case["hidden_size"])
        batch = _batch_of(case)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(case["seed"])
            extractor = extractor_class(encoder, case["classes"])
            if not isinstance(extractor, nn.Module):
                return {"made": type(extractor).__name__}
            return {"made": "module", **_watch_extractor(extractor, encoder, batch, case)}

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


def _extractor_case(seed: int, classes: int, hidden_size: int, lengths: list[int]) -> Case:
    generator = torch.Generator().manual_seed(seed)
    return {
        "seed": seed,
        "classes": classes,
        "hidden_size": hidden_size,
        "lengths": lengths,
        "weight": torch.randn(classes, hidden_size, generator=generator),
        "bias": torch.randn(classes, generator=generator),
    }


def _batch_of(case: Case) -> dict[str, torch.Tensor]:
    return random_batch(torch.Generator().manual_seed(case["seed"]), case["lengths"])


def _watch_extractor(
    extractor: nn.Module, encoder: nn.Module, batch: dict[str, torch.Tensor], case: Case
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
    seen["hidden_in_training"] = list(outputs)
    extractor.eval()
    _put_weights(_heads(extractor, inside[0]), case)
    logits = extractor(**batch)
    seen["logits"] = logits.detach().clone()
    seen["hidden"] = outputs[-1] if outputs else torch.empty(0)
    seen["pooled_by_pooler"] = inside[0].pooler(seen["hidden"]).detach() if outputs else None
    extractor.zero_grad()
    logits.square().mean().backward()
    _step({id(p): p for p in (*nn.Module.parameters(extractor), *encoder.parameters())}.values())
    seen["logits_after_step"] = extractor(**batch).detach()
    hook.remove()
    return seen


@torch.no_grad()
def _put_weights(heads: list[nn.Linear], case: Case) -> None:
    """Give a head of the right shape the case's weights."""
    for head in heads:
        for name in ("weight", "bias"):
            parameter = getattr(head, name)
            if parameter is not None and parameter.shape == case[name].shape:
                parameter.copy_(case[name])


def _describe_parameters(extractor: nn.Module, encoder: nn.Module) -> Seen:
    inside = {id(parameter) for parameter in encoder.parameters()}
    trainable = [p for p in extractor.parameters() if p.requires_grad]
    heads = _heads(extractor, encoder)
    seen: Seen = {
        "trainable_in_encoder": sum(p.numel() for p in trainable if id(p) in inside),
        "trainable_in_head": sum(p.numel() for p in trainable if id(p) not in inside),
        "linear_heads": len(heads),
    }
    if len(heads) == 1 and heads[0].bias is not None:
        seen["head_shape"] = list(heads[0].weight.shape)
    return seen


def _heads(extractor: nn.Module, encoder: nn.Module) -> list[nn.Linear]:
    """Return the linear layers outside the encoder."""
    inside = {id(parameter) for parameter in encoder.parameters()}
    linear = [m for m in extractor.modules() if isinstance(m, nn.Linear)]
    return [m for m in linear if id(m.weight) not in inside]


def _judge_head(seen: Seen, case: Case) -> Hint | None:
    if seen["encoder_found"] is not True:
        return Hint("no_encoder")
    if seen["linear_heads"] != 1 or "head_shape" not in seen:
        return Hint("one_linear_head", {"count": seen["linear_heads"]})
    expected = tuple(case["weight"].shape)
    if tuple(seen["head_shape"]) != expected:
        return Hint("head_shape", {"found": tuple(seen["head_shape"]), "expected": expected})
    if seen["trainable_in_head"] != case["weight"].numel() + case["bias"].numel():
        return Hint("head_frozen")
    return None


def _judge_encoder(seen: Seen) -> Hint | None:
    if seen["trainable_in_encoder"] != 0:
        return Hint("encoder_trainable", {"count": f"{seen['trainable_in_encoder']:,}"})
    if seen["logits_type"] != "Tensor":
        return Hint("not_logits", {"type": seen["logits_type"]})
    hidden = seen["hidden_in_training"]
    if not hidden:
        return Hint("encoder_unused")
    if seen["encoder_training"] is not False or len(hidden) < 2 or not _close(hidden[0], hidden[1]):
        return Hint("dropout_on")
    if seen["train_returns_itself"] is not True:
        return Hint("train_returns_nothing")
    return None


def _judge_logits(seen: Seen, case: Case) -> Hint | None:
    logits, hidden = seen["logits"], seen["hidden"]
    mask, expected = _batch_of(case)["attention_mask"], _reference_hidden(case)
    if not _close(hidden, expected):
        return Hint("mask_not_passed")
    if not _close(seen["hidden_in_training"][0], hidden):
        return Hint("dropout_on")

    def head(pooled: torch.Tensor) -> torch.Tensor:
        return pooled @ case["weight"].T + case["bias"]

    pooled = masked_mean(expected, mask)
    if _close(logits, head(pooled)):
        trained = _close(seen["logits_after_step"], _logits_after_step(pooled, case))
        return None if trained else Hint("head_frozen")
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


def _logits_after_step(pooled: torch.Tensor, case: Case) -> torch.Tensor:
    """Return the logits after a step that moves the head alone."""
    weight, bias = (case[name].clone().requires_grad_() for name in ("weight", "bias"))
    (pooled @ weight.T + bias).square().mean().backward()
    _step((weight, bias))
    return (pooled @ weight.T + bias).detach()


@torch.no_grad()
def _reference_hidden(case: Case) -> torch.Tensor:
    encoder = tiny_encoder(case["seed"], case["hidden_size"]).eval()
    return encoder(**_batch_of(case)).last_hidden_state


@exercise("extract_features")
class ExtractFeatures:
    """`extract_features(texts, encoder, ...)`: batched, cached, in order, little padding."""

    def cases(self, seed: int) -> list[Case]:
        return [
            {"seed": seed, "texts": _random_texts(seed, 37), "batch_size": 8, "known": 12},
            {"seed": seed + 1, "texts": _with_long_text(seed + 1), "batch_size": 3, "known": 2},
        ]

    def observe(self, extract_features: Any, case: Case) -> Seen:
        encoder, tokenizer = tiny_encoder(case["seed"]).eval(), tiny_tokenizer()
        calls: list[dict[str, Any]] = []
        encoder.register_forward_pre_hook(
            lambda _m, args, kwargs: calls.append(_describe_call(args, kwargs)),
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


def _describe_call(args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Note shape and mode of a forward call; a call with something else fails by itself."""
    given = {**dict(zip(("input_ids", "attention_mask"), args, strict=False)), **kwargs}
    ids, mask = given.get("input_ids"), given.get("attention_mask")
    if not isinstance(ids, torch.Tensor):
        raise TypeError(f"the encoder was given {type(ids).__name__} in place of token ids")
    return {
        "rows": ids.shape[0],
        "columns": ids.shape[1],
        "masked": mask is not None,
        "gradients": torch.is_grad_enabled(),
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
    if sum(call["rows"] for call in calls) < len(set(case["texts"])):
        return Hint("no_call")
    if any(call["masked"] is not True for call in calls):
        return Hint("mask_not_passed")
    if any(call["gradients"] is not False for call in calls):
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
    if tokens < sum(_token_counts(set(case["texts"]))):
        return Hint("no_call")
    if tokens > 1.25 * _tokens_when_sorted(case):
        return Hint("not_sorted", {"found": tokens, "expected": _tokens_when_sorted(case)})
    return None


def _token_counts(texts: Iterable[str]) -> list[int]:
    return [*map(len, tiny_tokenizer()(list(texts), truncation=True)["input_ids"])]


def _tokens_when_sorted(case: Case) -> int:
    lengths = sorted(_token_counts(case["texts"]))
    size = case["batch_size"]
    batches = [lengths[i : i + size] for i in range(0, len(lengths), size)]
    return sum(len(batch) * max(batch) for batch in batches)


def _judge_cache(seen: Seen, expected: torch.Tensor, case: Case) -> Hint | None:
    texts, known = case["texts"], case["texts"][: case["known"]]
    if not seen["cached"] > 0:
        return Hint("cache_not_filled")
    if seen["rows_with_cache"] > len(texts) - len(known):
        return Hint("cache_not_read", {"found": seen["rows_with_cache"], "known": len(known)})
    unknown = set(texts) - set(known)
    if seen["rows_with_cache"] < len(unknown):
        return Hint("cache_wrong")
    if _judge_features(seen["features_with_cache"], expected, case) is not None:
        return Hint("cache_wrong")
    return None


@torch.inference_mode()
def _reference_features(case: Case) -> torch.Tensor:
    """Encode long texts apart from the others, so that those need little padding."""
    encoder, tokenizer, texts = tiny_encoder(case["seed"]).eval(), tiny_tokenizer(), case["texts"]
    features = torch.empty(len(texts), encoder.config.hidden_size)
    for long in {*map(_is_long, texts)}:
        places = [place for place, text in enumerate(texts) if _is_long(text) is long]
        alike = [texts[place] for place in places]
        batch = tokenizer(alike, truncation=True, padding=True, return_tensors="pt")
        hidden = encoder(**batch).last_hidden_state
        features[places] = masked_mean(hidden, batch["attention_mask"])
    return features


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
        if hasattr(probe, "decision_function"):
            seen["scores"] = torch.as_tensor(np.asarray(probe.decision_function(test), np.float64))
        return seen

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if seen["predicts"] is not True:
            return Hint("no_predict", {"type": seen["type"]})
        predictions = seen["predictions"]
        if "scores" not in seen or not _are_linear(seen["scores"], predictions, case):
            return Hint("not_linear", {"type": seen["type"]})
        if len(predictions.unique()) == 1:
            return Hint("constant")
        accuracy = _accuracy(predictions, case["test_labels"])
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
    """Gaussian clouds around one centre a class, the first class four times as frequent.

    Half of the features tell nothing and scatter most, so that a few points mislead.
    """
    random = np.random.default_rng(seed)
    telling = np.arange(width) < width // 2
    centres = random.normal(size=(classes, width)) * telling
    scatter = np.where(telling, 1.0, 3.0)
    weights = np.array([4.0] + [1.0] * (classes - 1))

    def draw(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        labels = random.choice(classes, size=count, p=weights / weights.sum())
        features = centres[labels] + random.normal(size=(count, width)) * scatter
        return torch.tensor(features, dtype=torch.float32), torch.tensor(labels)

    train, test = draw(120), draw(400)
    return {
        "train_features": train[0],
        "train_labels": train[1],
        "test_features": test[0],
        "test_labels": test[1],
    }


def _are_linear(scores: torch.Tensor, predictions: torch.Tensor, case: Case) -> bool:
    """Tell whether scores are a linear function of the features, and decide the predictions.

    Args:
        scores: (points,) for two classes, else (points, classes).
        predictions: (points,).
        case: the features, of many more points than the function has coefficients.
    """
    points = case["test_features"].double()
    if scores.is_complex() or not predictions.shape == points.shape[:1] == scores.shape[:1]:
        return False
    columns = scores.double().reshape(len(points), -1)
    inputs = torch.cat([points, torch.ones(len(points), 1)], dim=1)
    fitted = inputs @ torch.linalg.lstsq(inputs, columns).solution
    if not bool(((fitted - columns).abs() <= 1e-3 * columns.abs().max()).all()):  # also of NaN
        return False
    decided = columns.argmax(dim=1) if columns.shape[1] > 1 else (columns[:, 0] > 0).long()
    return _accuracy(predictions, decided) > 0.98


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
    return (
        found.shape == expected.shape
        and not found.is_complex()
        and torch.allclose(found.double(), expected.double(), atol=TOLERANCE, rtol=TOLERANCE)
    )
