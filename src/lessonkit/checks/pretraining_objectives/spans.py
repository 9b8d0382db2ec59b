"""The check of `corrupt_spans`: denoising."""

import random
from typing import Any

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.pretraining_objectives.plain import (
    plain_list,
    type_name,
    word_ids,
)

Span = tuple[int, int]


@exercise("corrupt_spans")
class CorruptSpans:
    """`corrupt_spans(token_ids, spans, sentinel_ids)`: T5's inputs and labels.

    Raffel et al. (2020), "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
    Transformer", section 3.1.4.
    """

    def cases(self, seed: int) -> list[Case]:
        return [
            _spans_case(seed, length=11, spans=[(2, 4), (8, 9)]),
            _spans_case(seed + 1, length=12, spans=[(0, 3), (4, 5), (9, 12)]),
            _random_spans(seed + 2),
            _spans_case(seed + 3, length=5, spans=[]),
        ]

    def observe(self, corrupt_spans: Any, case: Case) -> Seen:
        given = [list(case[name]) for name in ("token_ids", "spans", "sentinel_ids")]
        result = corrupt_spans(*given)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            return {"returned": type_name(result)}
        return {
            "inputs": plain_list(result[0]),
            "labels": plain_list(result[1]),
            "changed": given != [case[name] for name in ("token_ids", "spans", "sentinel_ids")],
        }

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        if "returned" in seen:
            return Hint("returned", {"type": seen["returned"]})
        for name in ("inputs", "labels"):
            if isinstance(seen[name], str):
                return Hint("not_a_list", {"which": name, "type": seen[name]})
        if seen["changed"] is not False:
            return Hint("changed_in_place")
        inputs, labels = _corrupted(case)
        if seen["inputs"] == labels and seen["labels"] == inputs and inputs != labels:
            return Hint("swapped")
        for name, right, mistakes in (
            ("inputs", inputs, _input_mistakes(case)),
            ("labels", labels, _label_mistakes(case)),
        ):
            if seen[name] != right:
                other = "too_long" if seen[name][: len(right)] == right else "value"
                mistake = (hint for hint, wrong in mistakes.items() if seen[name] in wrong)
                values = {"found": _listed(seen[name]), "expected": _listed(right)}
                return Hint(next(mistake, f"{name}_{other}"), values)
        return None


def _spans_case(seed: int, length: int, spans: list[Span], spare: int = 4) -> Case:
    """Distinct words; sentinels count down from the end of the vocabulary, as T5's do."""
    last = 32_099 - seed % 50
    sentinels = [last - i for i in range(len(spans) + 1 + spare)]
    return {"token_ids": word_ids(seed, length), "spans": spans, "sentinel_ids": sentinels}


def _random_spans(seed: int) -> Case:
    """A longer text with spans of 1 to 4 tokens, and just as many sentinels as are needed."""
    generator, spans, place = random.Random(seed), [], 0
    for _ in range(4):
        start = place + generator.randint(1, 4)
        place = start + generator.randint(1, 4)
        spans.append((start, place))
    return _spans_case(seed, length=place + 3, spans=spans, spare=0)


def _corrupted(case: Case, spans: list[Span] | None = None) -> tuple[list[int], list[int]]:
    ids, sentinels = case["token_ids"], case["sentinel_ids"]
    spans = case["spans"] if spans is None else spans
    inputs, labels, place = [], [], 0
    for (start, end), sentinel in zip(spans, sentinels, strict=False):
        inputs += [*ids[place:start], sentinel]
        labels += [sentinel, *ids[start:end]]
        place = end
    return inputs + ids[place:], [*labels, sentinels[len(spans)]]


def _input_mistakes(case: Case) -> dict[str, list[list[int]]]:
    ids, spans, sentinels = case["token_ids"], case["spans"], case["sentinel_ids"]
    used = sentinels[: len(spans)]
    inputs, _ = _corrupted(case)
    one_each = [(i, i + 1) for start, end in spans for i in range(start, end)]
    own = [s for s, (start, end) in zip(used, spans, strict=True) for _ in range(start, end)]
    counted_up = dict(zip(used, range(used[0], used[0] + len(used)), strict=True)) if used else {}
    return {
        "sentinel_per_token": [
            _replace(ids, one_each, sentinels),
            _replace(ids, one_each, own),
        ],
        "same_sentinel": [_replace(ids, spans, used[:1] * len(spans))],
        "sentinels_out_of_order": [
            _replace(ids, spans, used[::-1]),
            _replace(ids, spans, sentinels[::-1]),
            _replace(ids, spans, sentinels[1:]),
        ],
        "sentinels_counted": [[counted_up.get(token, token) for token in inputs]],
        "end_inclusive": [_replace(ids, [(start, end + 1) for start, end in spans], used)],
        "start_left": [_replace(ids, [(start + 1, end) for start, end in spans], used)],
        "tokens_left": [
            _replace(ids, [(start, start) for start, _ in spans], used),
            _replace(ids, [(end, end) for _, end in spans], used),
        ],
        "places_moved": [_replaced_from_the_left(case)],
        "inputs_without_sentinels": [[t for t in inputs if t not in used]],
        "rest_missing": [inputs[: len(inputs) - len(ids[spans[-1][1] :])] if spans else []],
        "unchanged": [ids],
    }


def _label_mistakes(case: Case) -> dict[str, list[list[int]]]:
    ids, spans, sentinels = case["token_ids"], case["spans"], case["sentinel_ids"]
    _, labels = _corrupted(case)
    final = labels[-1]
    tokens = [ids[start:end] for start, end in spans]
    used = sentinels[: len(spans)]
    flat = [token for part in tokens for token in part]
    after = [token for part, s in zip(tokens, used, strict=True) for token in (*part, s)]
    return {
        "final_missing": [labels[:-1]],
        "final_repeated": [[*labels[:-1], s] for s in used],
        "labels_without_sentinels": [flat, [*flat, final]],
        "labels_sentinel_after": [after, [*after, final]],
        "labels_same_sentinel": [
            [used[0] if token in every else token for token in labels]
            for every in (used, sentinels)
            if used
        ],
        "labels_sentinel_per_token": _a_sentinel_each(flat, tokens, sentinels),
        "labels_end_inclusive": [_corrupted(case, [(a, b + 1) for a, b in spans])[1]],
        "labels_whole_text": [ids, [*ids, final]],
        "labels_tokens_missing": [sentinels[: len(spans)], sentinels[: len(spans) + 1]],
    }


def _replace(ids: list[int], spans: list[Span], sentinels: list[int]) -> list[int]:
    """Put a sentinel in place of each span; spans may be empty or overlap."""
    result, place = [], 0
    for (start, end), sentinel in zip(spans, sentinels, strict=False):
        result += [*ids[place:start], sentinel]
        place = max(place, end)
    return result + ids[place:]


def _replaced_from_the_left(case: Case) -> list[int]:
    """Replace spans one after the other in one list, whose places move as it gets shorter."""
    ids = list(case["token_ids"])
    for (start, end), sentinel in zip(case["spans"], case["sentinel_ids"], strict=False):
        ids[start:end] = [sentinel]
    return ids


def _a_sentinel_each(
    flat: list[int], tokens: list[list[int]], sentinels: list[int]
) -> list[list[int]]:
    """Labels with a sentinel before every token: its span's, or a new one each time."""
    own = [
        x for part, s in zip(tokens, sentinels, strict=False) for token in part for x in (s, token)
    ]
    new = [x for s, token in zip(sentinels, flat, strict=False) for x in (s, token)]
    return [wrong + end for wrong in (own, new) for end in ([], [sentinels[len(tokens)]])]


def _listed(values: list[int]) -> str:
    shown = ", ".join(map(str, values[:24]))
    return f"[{shown}, ...]" if len(values) > 24 else f"[{shown}]"
