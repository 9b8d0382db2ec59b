"""The checks of `next_token_labels` and `causal_mask`: causal language modelling."""

from typing import Any

import torch

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.pretraining_objectives.plain import (
    FIRST_WORD,
    IGNORED,
    PAD,
    WORDS,
    malformed,
    plain_tensor,
    word_ids,
)


@exercise("next_token_labels")
class NextTokenLabels:
    """`next_token_labels(input_ids, attention_mask)`: the id that follows, −100 before padding."""

    def cases(self, seed: int) -> list[Case]:
        the, cat, sat, on, mat = word_ids(seed, 5)
        sentence = torch.tensor([[the, cat, sat, on, the, mat]])
        return [
            {"input_ids": sentence, "attention_mask": torch.ones_like(sentence)},
            _padded_case(seed, lengths=[7, 4, 2, 6], pad=PAD),
            _padded_case(seed + 1, lengths=[3, 9, 1], pad=FIRST_WORD),
            _padded_case(seed + 2, lengths=[1, 1], pad=PAD),
        ]

    def observe(self, next_token_labels: Any, case: Case) -> Seen:
        ids, mask = case["input_ids"].clone(), case["attention_mask"].clone()
        labels = next_token_labels(ids, mask)
        changed = not torch.equal(ids, case["input_ids"])
        return {
            "labels": plain_tensor(labels),
            "changed": changed or not torch.equal(mask, case["attention_mask"]),
        }

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        labels, expected = seen["labels"], _next_labels(case)
        if isinstance(labels, torch.Tensor) and _one_column_short(labels, expected):
            return Hint("one_column_short", {"found": tuple(labels.shape)})
        if hint := malformed(labels, tuple(expected.shape), torch.int64):
            return hint
        if seen["changed"] is not False:
            return Hint("changed_in_place")
        if torch.equal(labels, expected):
            return None
        if mistake := _shifting_mistake(labels, case):
            return Hint(mistake)
        return _first_difference(labels, expected)


def _padded_case(seed: int, lengths: list[int], pad: int) -> Case:
    """Random words ending in the id FIRST_WORD, padded on the right.

    With that same id as `pad` they are padded as GPT-2's texts often are: with the end token.
    """
    generator = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    ends = torch.tensor(lengths)[:, None] - 1
    place = torch.arange(shape[1])
    ids = torch.randint(FIRST_WORD + 1, WORDS, shape, generator=generator)
    ids = ids.masked_fill(place == ends, FIRST_WORD).masked_fill(place > ends, pad)
    return {"input_ids": ids, "attention_mask": (place <= ends).long()}


def _next_labels(case: Case) -> torch.Tensor:
    ids, mask = case["input_ids"], case["attention_mask"]
    return _shifted(ids.masked_fill(mask == 0, IGNORED))


def _shifted(ids: torch.Tensor, by: int = 1) -> torch.Tensor:
    """Move each row left by that many places (right if negative), filling with −100."""
    filler = torch.full_like(ids, IGNORED)
    if by < 0:
        return torch.cat([filler[:, :-by], ids[:, :by]], dim=1)
    return torch.cat([ids[:, by:], filler[:, :by]], dim=1)


def _one_column_short(labels: torch.Tensor, expected: torch.Tensor) -> bool:
    return tuple(labels.shape) == (expected.shape[0], expected.shape[1] - 1)


def _shifting_mistake(labels: torch.Tensor, case: Case) -> str | None:
    ids, padding = case["input_ids"], case["attention_mask"] == 0
    real = ids.masked_fill(padding, IGNORED)
    after, before = _shifted(ids), _shifted(ids, -1)
    padded_with_end_token = bool((ids[padding] == FIRST_WORD).any())
    by_id = [after, _shifted(ids.masked_fill(ids == FIRST_WORD, IGNORED))]
    mistakes = {
        "not_shifted": [ids, real],
        "wrong_way": [
            *(before, before.masked_fill(padding, IGNORED), _shifted(real, -1)),
            *(torch.roll(ids, 1, dims=1), torch.roll(real, 1, dims=1)),
        ],
        "last_place": [torch.roll(ids, -1, dims=1), torch.roll(real, -1, dims=1)],
        "padding_by_id": by_id if padded_with_end_token else [],
        "padding_predicted": [after, after.masked_fill(padding, IGNORED)],
        "two_ahead": [_shifted(ids, 2), _shifted(real, 2)],
    }
    if mistake := _matching(labels, mistakes):
        return mistake
    return None if (labels == IGNORED).any() else "minus_100_missing"


def _matching(found: torch.Tensor, mistakes: dict[str, list[torch.Tensor]]) -> str | None:
    """Return the first mistake that gives what was found."""
    for name, values in mistakes.items():
        if any(torch.equal(found, value) for value in values):
            return name
    return None


def _first_difference(labels: torch.Tensor, expected: torch.Tensor) -> Hint:
    row, place = (labels != expected).nonzero()[0].tolist()
    values = {"found": labels[row, place].item(), "expected": expected[row, place].item()}
    return Hint("value", {"row": row, "place": place, **values})


@exercise("causal_mask")
class CausalMask:
    """`causal_mask(length)`: True where the row may see the column."""

    def cases(self, seed: int) -> list[Case]:
        return [{"length": length} for length in (6, 1, 2 + seed % 37)]

    def observe(self, causal_mask: Any, case: Case) -> Seen:
        return {"mask": plain_tensor(causal_mask(case["length"]))}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        length, mask = case["length"], seen["mask"]
        if isinstance(mask, torch.Tensor) and mask.isinf().any():
            return Hint("additive")
        if hint := malformed(mask, (length, length), torch.bool):
            return hint
        expected = torch.ones(length, length).tril().bool()
        if torch.equal(mask, expected):
            return None
        mistakes = {
            "inverted": [~expected],
            "upper": [expected.T],
            "diagonal_excluded": [expected & ~expected.T],
            "one_too_far": [torch.ones(length, length).tril(1).bool()],
            "sees_all": [torch.ones_like(expected)],
            "sees_only_itself": [torch.eye(length).bool()],
        }
        return Hint(_matching(mask, mistakes) or "value")
