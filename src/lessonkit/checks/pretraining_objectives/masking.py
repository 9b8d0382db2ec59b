"""The check of `mask_tokens`: masked language modelling."""

import math
from dataclasses import dataclass
from typing import Any

import torch

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.pretraining_objectives.plain import (
    CLS,
    FIRST_WORD,
    IGNORED,
    PAD,
    SEP,
    WORDS,
    malformed,
    plain_tensor,
    type_name,
    word_ids,
)

CALLS, ROWS, LENGTH = 30, 8, 96
TOKEN_SHARES = {"masked": 0.8, "random": 0.1, "kept": 0.1}
MASKED, RANDOM, KEPT = range(3)


@exercise("mask_tokens")
class MaskTokens:
    """`mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, probability)`.

    Most calls are there to count: with that many tokens a right answer stays within six standard
    deviations of 80, 10 and 10 per cent. The last case leaves nothing to chance.
    """

    def cases(self, seed: int) -> list[Case]:
        return [
            _masking_case(seed, vocab_size=WORDS, mask_token_id=4, probability=None),
            _masking_case(seed + 1, vocab_size=20, mask_token_id=19, probability=0.4),
            _cat_and_mat(seed),
        ]

    def observe(self, mask_tokens: Any, case: Case) -> Seen:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(case["seed"])
            calls = [_mask_once(mask_tokens, case, i) for i in range(len(case["input_ids"]))]
            repeats = []
            for seed in (case["seed"], case["seed"], case["seed"] + 1):
                torch.manual_seed(seed)
                repeats.append(_mask_once(mask_tokens, case, 0))
        return {"calls": calls, "repeats": repeats}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        for call in (*seen["calls"], *seen["repeats"]):
            if hint := _malformed_call(call, tuple(case["input_ids"].shape[1:])):
                return hint
        calls = range(len(case["input_ids"]))
        masking = _masking(case, list(calls), seen["calls"])
        repeated = _masking(case, [0] * len(seen["repeats"]), seen["repeats"])
        for each in (masking, repeated):
            if hint := _judge_labels(each) or _judge_places(each, case["vocab_size"]):
                return hint
        if not case["counted"]:
            return _judge_share_chosen(masking, case)
        return (
            _judge_choice(masking)
            or _judge_fresh_draws(seen["repeats"])
            or _judge_share_chosen(masking, case)
            or _judge_replacements(masking)
            or _judge_random_ids(masking, case["vocab_size"])
            or _judge_generator(seen["repeats"], seen["calls"][0])
        )


@dataclass(frozen=True)
class _Masking:
    """What all calls were given and returned; each tensor is (calls, rows, length)."""

    ids: torch.Tensor
    special: torch.Tensor
    inputs: torch.Tensor
    labels: torch.Tensor
    mask_token_id: int

    @property
    def labelled(self) -> torch.Tensor:
        return self.labels != IGNORED

    @property
    def changed(self) -> torch.Tensor:
        return self.inputs != self.ids

    @property
    def kinds(self) -> torch.Tensor:
        """MASKED, RANDOM or KEPT at each labelled place, −1 elsewhere."""
        kinds = torch.where(self.changed, RANDOM, KEPT)
        kinds = kinds.masked_fill(self.inputs == self.mask_token_id, MASKED)
        return kinds.masked_fill(~self.labelled, -1)


def _masking(case: Case, numbers: list[int], calls: list[Seen]) -> _Masking:
    """Put together what calls returned, each for the batch of that number."""
    return _Masking(
        case["input_ids"][numbers],
        case["special_tokens_mask"][numbers].bool(),
        torch.stack([call["inputs"] for call in calls]),
        torch.stack([call["labels"] for call in calls]),
        case["mask_token_id"],
    )


def _masking_case(
    seed: int, vocab_size: int, mask_token_id: int, probability: float | None
) -> Case:
    """Batches of random words between [CLS] and [SEP], padded; None leaves out `probability`."""
    generator = torch.Generator().manual_seed(seed)
    shape = (CALLS, ROWS, LENGTH)
    ids = torch.randint(FIRST_WORD, vocab_size - 1, shape, generator=generator)
    end = torch.randint(LENGTH - 32, LENGTH, (CALLS, ROWS, 1), generator=generator)
    place = torch.arange(LENGTH)
    ids = ids.masked_fill(place == 0, CLS).masked_fill(place == end, SEP)
    return {
        "seed": seed,
        "input_ids": ids.masked_fill(place > end, PAD),
        "special_tokens_mask": ((place == 0) | (place >= end)).long(),
        "mask_token_id": mask_token_id,
        "vocab_size": vocab_size,
        "probability": probability,
        "counted": True,
    }


def _cat_and_mat(seed: int) -> Case:
    """One text, "The cat sat on the mat", of which only "cat" and "mat" may be chosen."""
    the, cat, sat, on, mat = word_ids(seed, 5)
    ids = torch.tensor([CLS, the, cat, sat, on, the, mat, SEP])
    special = (ids != cat) & (ids != mat)
    return {
        "seed": seed,
        "input_ids": ids[None, None],
        "special_tokens_mask": special.long()[None, None],
        "mask_token_id": 4,
        "vocab_size": WORDS,
        "probability": 1.0,
        "counted": False,
    }


def _mask_once(mask_tokens: Any, case: Case, call: int) -> Seen:
    given = {name: case[name][call].clone() for name in ("input_ids", "special_tokens_mask")}
    options = {} if case["probability"] is None else {"probability": case["probability"]}
    result = mask_tokens(*given.values(), case["mask_token_id"], case["vocab_size"], **options)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        return {"returned": type_name(result)}
    return {
        "inputs": plain_tensor(result[0]),
        "labels": plain_tensor(result[1]),
        "changed": [name for name in given if not torch.equal(given[name], case[name][call])],
    }


def _malformed_call(call: Seen, shape: tuple[int, ...]) -> Hint | None:
    if "returned" in call:
        return Hint("returned", {"type": call["returned"]})
    for name in ("inputs", "labels"):
        if hint := malformed(call[name], shape, torch.int64, {"which": name}):
            return hint
    changed = call["changed"]
    return Hint("changed_in_place", {"which": changed[0]}) if changed != [] else None


def _judge_labels(masking: _Masking) -> Hint | None:
    labelled, labels = masking.labelled, masking.labels
    if not labelled.any():
        return Hint("nothing_chosen")
    words = labelled[~masking.special].float().mean()
    if not masking.changed[labelled].any() and (masking.changed.any() or not words):
        return Hint("labels_inverted")
    wrong = labelled & (labels != masking.ids)
    if wrong.any() and _share(labels == masking.inputs, wrong) > 0.5:
        return Hint("labels_masked")
    values = labels[wrong].unique().tolist()
    if len(values) == 1:
        return Hint("other_fill", {"found": values[0]})
    if values:
        return Hint("labels_wrong")
    if labelled.all():
        return Hint("minus_100_missing")
    return None


def _judge_places(masking: _Masking, vocab_size: int) -> Hint | None:
    outside = masking.inputs[(masking.inputs < 0) | (masking.inputs >= vocab_size)]
    if len(outside):
        return Hint("outside_vocabulary", {"found": outside[0].item(), "size": vocab_size})
    if ((masking.labelled | masking.changed) & masking.special).any():
        return Hint("special_chosen")
    if (masking.changed & ~masking.labelled).any():
        return Hint("changed_unlabelled")
    return None


def _judge_choice(masking: _Masking) -> Hint | None:
    choice = masking.labelled.long().masked_fill(masking.special, -1)
    some = 0 < _share(choice == 1, choice >= 0) < 1
    return Hint("one_draw_choice") if some and _drawn_together(choice) else None


def _judge_fresh_draws(repeats: list[Seen]) -> Hint | None:
    first, _, other = (call["labels"] for call in repeats)
    return Hint("same_draws") if torch.equal(first, other) else None


def _judge_share_chosen(masking: _Masking, case: Case) -> Hint | None:
    default = 0.15
    expected = default if case["probability"] is None else case["probability"]
    allowed = ~masking.special
    found = _share(masking.labelled, allowed)
    count = int(allowed.sum())
    if _near(found, expected, count):
        return None
    if _near(found, default, count):
        return Hint("probability_ignored", {"expected": _percent(expected)})
    return Hint("share_chosen", {"found": _percent(found), "expected": _percent(expected)})


def _judge_replacements(masking: _Masking) -> Hint | None:
    kinds = masking.kinds
    count = int((kinds >= 0).sum())
    shares = {name: _share(kinds == kind, kinds >= 0) for kind, name in enumerate(TOKEN_SHARES)}
    if shares["masked"] > 0.98:
        return Hint("always_mask")
    if shares["masked"] < 0.02:
        return Hint("mask_token_unused", {"expected": masking.mask_token_id})
    if _drawn_together(kinds):
        return Hint("one_draw_replacement")
    if shares["random"] < 0.01:
        return Hint("no_random")
    if shares["kept"] < 0.01:
        return Hint("none_kept")
    if all(_near(shares[name], TOKEN_SHARES[name], count) for name in shares):
        return None
    return Hint("shares", {name: _percent(share) for name, share in shares.items()})


def _judge_random_ids(masking: _Masking, vocab_size: int) -> Hint | None:
    drawn = masking.kinds == RANDOM
    every_row = zip(masking.inputs.flatten(0, 1), drawn.flatten(0, 1), strict=True)
    several = [row[keep] for row, keep in every_row if keep.sum() > 1]
    if sum(len(row.unique()) for row in several) < 0.7 * sum(len(row) for row in several):
        return Hint("same_random_id")
    ids = masking.inputs[drawn]
    upper_half = float((ids >= vocab_size / 2).double().mean())
    if abs(upper_half - 0.5) > 0.25:
        return Hint("random_range", {"low": int(ids.min()), "high": int(ids.max())})
    return None


def _judge_generator(repeats: list[Seen], begin: Seen) -> Hint | None:
    """Judge three calls, of which two follow the seed that `begin` followed."""
    first, again, _ = repeats
    pairs = [(call[part], begin[part]) for call in (first, again) for part in ("inputs", "labels")]
    return None if all(torch.equal(*pair) for pair in pairs) else Hint("other_generator")


def _drawn_together(kinds: torch.Tensor) -> bool:
    """Tell whether the tokens of a row, or those of a column, share one draw.

    Looks at how many tokens are of the commonest kind in their row (column); −1 does not count.
    """
    return any(_agreement(kinds, dim) > 0.97 for dim in (1, 2))


def _agreement(kinds: torch.Tensor, dim: int) -> float:
    counts = torch.stack([(kinds == kind).sum(dim) for kind in range(len(TOKEN_SHARES))])
    total = counts.sum(0)
    several = total > 1
    return float(counts.amax(0)[several].sum() / total[several].sum())


def _share(part: torch.Tensor, whole: torch.Tensor) -> float:
    return float((part & whole).sum() / whole.sum())


def _near(found: float, expected: float, count: int) -> bool:
    """Tell whether a share of `count` draws is within six standard deviations, and a little."""
    if expected in (0, 1):
        return found == expected
    return abs(found - expected) < 6 * math.sqrt(expected * (1 - expected) / count) + 0.01


def _percent(share: float) -> int:
    return round(100 * share)
