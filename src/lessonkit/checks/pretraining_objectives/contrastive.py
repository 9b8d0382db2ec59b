"""The checks of `clip_loss` and `nt_xent`: contrastive learning."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn import functional as F

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.pretraining_objectives.plain import plain_tensor

TOLERANCE = 1e-4

Losses = dict[str, list[torch.Tensor]]


class _ContrastiveCheck(ABC):
    """What both contrastive losses share: vectors in, a finite differentiable scalar out.

    Its gradients are judged as well: a loss of the right value can still teach something else.
    """

    @abstractmethod
    def expected(self, case: Case) -> torch.Tensor:
        """Return the right loss."""

    @abstractmethod
    def mistakes(self, case: Case) -> Losses:
        """Return the losses that likely mistakes give: hint -> values."""

    def observe(self, loss_of: Any, case: Case) -> Seen:
        given = [case[name].clone().requires_grad_() for name in ("first", "second")]
        temperature = case["temperature"]
        if isinstance(temperature, torch.Tensor):
            temperature = temperature.clone().requires_grad_()
        loss = loss_of(*given) if temperature is None else loss_of(*given, temperature)
        seen: Seen = {
            "loss": plain_tensor(loss),
            "changed": not all(map(torch.equal, given, (case["first"], case["second"]))),
        }
        if isinstance(loss, torch.Tensor) and loss.dim() == 0 and loss.requires_grad:
            loss.backward()
            learned = [*given, temperature] if isinstance(temperature, torch.Tensor) else given
            seen["gradients"] = [plain_tensor(tensor.grad) for tensor in learned]
        return seen

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        loss = seen["loss"]
        if not isinstance(loss, torch.Tensor):
            return Hint("not_a_tensor", {"type": loss})
        if loss.dim() > 0:
            return Hint("not_scalar", {"found": tuple(loss.shape)})
        if seen["changed"] is not False:
            return Hint("changed_in_place")
        if not loss.isfinite():
            return Hint("not_finite", {"found": loss.item(), "temperature": _number(case)})
        gradients = seen.get("gradients", [])
        if not gradients or any(isinstance(found, str) for found in gradients[:2]):
            return Hint("no_gradient")
        expected = self.expected(case)
        if not _close(loss, expected):
            names = (n for n, values in self.mistakes(case).items() if _any_close(loss, values))
            values = {"found": f"{loss.item():.4f}", "expected": f"{expected.item():.4f}"}
            return Hint(next(names, "value"), values)
        if isinstance(gradients[-1], str):
            return Hint("temperature_detached")
        pairs = zip(gradients, self.gradients(case), strict=True)
        return None if all(_same_direction(*pair) for pair in pairs) else Hint("gradient")

    def gradients(self, case: Case) -> tuple[torch.Tensor, ...]:
        """Return the right loss's gradients by all that may learn."""
        leaves = {
            name: value.clone().requires_grad_()
            for name, value in case.items()
            if isinstance(value, torch.Tensor)
        }
        return torch.autograd.grad(self.expected({**case, **leaves}), list(leaves.values()))

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        if "leaf Variable that requires grad" in error["message"]:
            return Hint("changed_in_place")
        return None


def _number(case: Case) -> float:
    return 0.5 if case["temperature"] is None else round(float(case["temperature"]), 4)


def _close(found: torch.Tensor, expected: torch.Tensor) -> bool:
    return not found.is_complex() and torch.allclose(
        found.double(), expected.double(), atol=TOLERANCE, rtol=TOLERANCE
    )


def _same_direction(found: torch.Tensor, expected: torch.Tensor) -> bool:
    """Tell whether gradients agree, up to a hundredth of the largest number.

    At a temperature of 0.01 single precision leaves no more of them, and nothing of tiny ones.
    """
    allowed = 1e-2 * float(expected.abs().max()) + 1e-4
    return (
        found.shape == expected.shape
        and not found.is_complex()
        and torch.allclose(found.double(), expected.double(), atol=allowed, rtol=0)
    )


def _any_close(found: torch.Tensor, values: list[torch.Tensor]) -> bool:
    return any(_close(found, value) for value in values)


def _paired_case(
    seed: int, rows: int, width: int, temperature: float | torch.Tensor | None, noise: float = 1.0
) -> Case:
    """Two vectors a pair, alike up to noise, all of different lengths."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn(rows, width, generator=generator)
    second = first + noise * torch.randn(rows, width, generator=generator)
    lengths = 0.5 + 2 * torch.rand(2, rows, 1, generator=generator)
    return {
        "first": first * lengths[0],
        "second": second * lengths[1],
        "temperature": temperature,
    }


def _cosine(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return F.normalize(a, dim=1) @ F.normalize(b, dim=1).T


def _dot(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a @ b.T


def _cosine_of_columns(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return F.normalize(a, dim=0) @ F.normalize(b, dim=0).T


def _wrong_logits(a: torch.Tensor, b: torch.Tensor, temperature: float) -> Iterator[tuple]:
    """Yield the mistakes in the logits that both losses share: name, logits."""
    cosine = _cosine(a, b)
    yield "temperature_multiplied", cosine * temperature
    yield "temperature_ignored", cosine
    yield "temperature_exponent", cosine * math.exp(temperature)
    yield "not_normalised", _dot(a, b) / temperature
    yield "normalised_wrong_axis", _cosine_of_columns(a, b) / temperature


@exercise("clip_loss")
class ClipLoss(_ContrastiveCheck):
    """`clip_loss(image_embeds, text_embeds, temperature)`: InfoNCE over rows and over columns.

    The reference follows figure 3 of Radford et al. (2021), "Learning Transferable Visual Models
    From Natural Language Supervision"; there too the temperature goes down to 0.01.
    """

    def cases(self, seed: int) -> list[Case]:
        return [
            _paired_case(seed, rows=6, width=16, temperature=0.07, noise=2.0),
            _paired_case(seed + 1, rows=9, width=5, temperature=torch.tensor(0.5)),
            _paired_case(seed + 2, rows=4, width=8, temperature=0.01, noise=0.1),
        ]

    def expected(self, case: Case) -> torch.Tensor:
        return _symmetric(_cosine(case["first"], case["second"]) / case["temperature"])

    def mistakes(self, case: Case) -> Losses:
        a, b, temperature = case["first"], case["second"], float(case["temperature"])
        logits = _cosine(a, b) / temperature
        own = torch.arange(len(logits))
        to_text, to_image = F.cross_entropy(logits, own), F.cross_entropy(logits.T, own)
        positive = logits.diagonal()
        others = logits.masked_fill(torch.eye(len(own)).bool(), -torch.inf)
        wrong = {name: [_symmetric(x)] for name, x in _wrong_logits(a, b, temperature)}
        return wrong | {
            "one_direction": [to_text, to_image],
            "added": [to_text + to_image],
            "summed": [len(own) * _symmetric(logits), 2 * len(own) * _symmetric(logits)],
            "softmax_over_all": [-logits.flatten().log_softmax(0)[:: len(own) + 1].mean()],
            "softmax_twice": [
                (
                    F.cross_entropy(logits.softmax(1), own)
                    + F.cross_entropy(logits.T.softmax(1), own)
                )
                / 2,
                _symmetric(logits.softmax(1)),
            ],
            "wrong_targets": [
                (F.cross_entropy(logits, own * 0) + F.cross_entropy(logits.T, own * 0)) / 2
            ],
            "no_negatives": [-positive.mean(), (1 - temperature * positive).mean()],
            "positive_excluded": [
                (others.logsumexp(0) + others.logsumexp(1)).mean() / 2 - positive.mean()
            ],
            "sign": [-_symmetric(logits)],
        }


def _symmetric(logits: torch.Tensor) -> torch.Tensor:
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


@exercise("nt_xent")
class NtXent(_ContrastiveCheck):
    """`nt_xent(first, second, temperature)`: each of 2N views finds its partner among the others.

    The reference is equation 1 of Chen et al. (2020), "A Simple Framework for Contrastive Learning
    of Visual Representations", averaged over all views.
    """

    def cases(self, seed: int) -> list[Case]:
        return [
            _paired_case(seed, rows=5, width=12, temperature=0.2),
            _paired_case(seed + 1, rows=8, width=6, temperature=None),
            _paired_case(seed + 2, rows=3, width=9, temperature=1.5),
        ]

    def expected(self, case: Case) -> torch.Tensor:
        views = torch.cat([case["first"], case["second"]])
        return F.cross_entropy(
            _without_own(_cosine(views, views) / _number(case)), _partners(len(views))
        )

    def mistakes(self, case: Case) -> Losses:
        a, b, temperature = case["first"], case["second"], _number(case)
        views, pairs = torch.cat([a, b]), len(a)
        partner, own = _partners(2 * pairs), torch.arange(2 * pairs)
        every = _cosine(views, views) / temperature
        logits = _without_own(every)
        rows = F.cross_entropy(logits, partner, reduction="none")
        others = logits.scatter(1, partner[:, None], -torch.inf)
        positive = logits.gather(1, partner[:, None])[:, 0]
        cross = _cosine(a, b) / temperature
        wrong = {
            name: [F.cross_entropy(_without_own(x), partner)]
            for name, x in _wrong_logits(views, views, temperature)
        }
        return wrong | {
            "own_view_included": [F.cross_entropy(every, partner)],
            "own_view_zeroed": [
                F.cross_entropy(every.masked_fill(torch.eye(2 * pairs).bool(), 0), partner)
            ],
            "partner_is_itself": [F.cross_entropy(every, own)],
            "wrong_partner": [
                F.cross_entropy(logits, own ^ 1),
                F.cross_entropy(logits, (own + 1) % (2 * pairs)),
            ],
            "half_rows": [rows[:pairs].mean(), rows[pairs:].mean()],
            "cross_view_only": [_symmetric(cross), F.cross_entropy(cross, own[:pairs])],
            "summed": [rows.sum()],
            "divided_by_pairs": [rows.sum() / pairs],
            "positive_excluded": [(others.logsumexp(1) - positive).mean()],
            "softmax_twice": [F.cross_entropy(logits.softmax(1), partner)],
            "no_negatives": [-positive.mean(), (1 - temperature * positive).mean()],
            "sign": [-rows.mean()],
        }

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        if error["type"] == "IndexError" and "out of bounds" in error["message"]:
            return Hint("target_out_of_bounds")
        return super().explain_error(error)


def _partners(views: int) -> torch.Tensor:
    return (torch.arange(views) + views // 2) % views


def _without_own(similarities: torch.Tensor) -> torch.Tensor:
    return similarities.masked_fill(torch.eye(len(similarities)).bool(), -torch.inf)
