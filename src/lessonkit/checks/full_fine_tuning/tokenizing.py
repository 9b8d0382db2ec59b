"""The check of `tokenize`."""

from typing import Any

import numpy as np

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.full_fine_tuning.plain import mapping, text
from lessonkit.checks.tiny import WORDS, tiny_tokenizer, word

COLUMNS = ("input_ids", "attention_mask")
PAD, CLS, SEP = 0, 2, 3


@exercise("tokenize")
class Tokenize:
    """`tokenize(batch, tokenizer, max_length)`: lists of ids, cut to length, not padded."""

    def cases(self, seed: int) -> list[Case]:
        return [
            {"texts": _texts(seed, [5, 2, 9]), "max_length": 64},
            {"texts": _texts(seed + 1, [30, 4, 18, 1]), "max_length": 12},
            {"texts": _texts(seed + 2, [7, 25]), "max_length": 20},
        ]

    def observe(self, tokenize: Any, case: Case) -> Seen:
        texts = list(case["texts"])
        batch = {"text": texts, "label": [0] * len(texts)}
        result = tokenize(batch, tiny_tokenizer(), case["max_length"])
        if not hasattr(result, "keys"):
            return {"type": type(result).__name__}
        columns = {name: _plain_rows(result[name]) for name in COLUMNS if name in result}
        return {"type": "dict", "columns": columns}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        columns = mapping(seen.get("columns"))
        if seen.get("type") != "dict":
            return Hint("returned", {"type": text(seen.get("type"))})
        for name in COLUMNS:
            if name not in columns:
                return Hint("missing_column", {"name": name})
            if hint := _malformed_rows(columns[name], name, case):
                return hint
        return _judge_rows(columns["input_ids"], columns["attention_mask"], case)

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        if "create tensor" in error["message"]:
            return Hint("tensors", {"name": COLUMNS[0]})
        if "text input must be of type" in error["message"]:
            return Hint("whole_batch")
        return None


def _texts(seed: int, lengths: list[int]) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(word(i) for i in random.integers(0, WORDS, size=n)) for n in lengths]


def _plain_rows(value: Any) -> list[Any] | str:
    """Return a list of lists of ints; what is no list, or holds something else, by its type."""
    if not isinstance(value, list):
        return type(value).__name__
    return [_plain_row(row) for row in value]


def _plain_row(row: Any) -> list[int] | str:
    if not isinstance(row, list):
        return type(row).__name__
    if any(not isinstance(item, (int, np.integer)) for item in row):
        return "list"
    return [int(item) for item in row]


def _malformed_rows(rows: Any, name: str, case: Case) -> Hint | None:
    if rows in ("Tensor", "ndarray") or (isinstance(rows, list) and "Tensor" in rows):
        return Hint("tensors", {"name": name})
    if not isinstance(rows, list):
        return Hint("not_a_list", {"name": name, "type": text(rows)})
    if rows and all(row == "int" for row in rows):
        return Hint("one_text", {"name": name})
    if not all(isinstance(row, list) for row in rows):
        return Hint("not_a_list", {"name": name, "type": text(rows)})
    if len(rows) != len(case["texts"]):
        return Hint("rows", {"name": name, "found": len(rows), "expected": len(case["texts"])})
    return None


def _judge_rows(ids: list[list[int]], masks: list[list[int]], case: Case) -> Hint | None:
    limit = case["max_length"]
    whole = tiny_tokenizer()(case["texts"])["input_ids"]
    cut = tiny_tokenizer()(case["texts"], truncation=True, max_length=limit)["input_ids"]
    if any(row and row[-1] == PAD for row in ids):
        return Hint("padded")
    longest = max(map(len, ids))
    if longest > limit:
        return Hint("not_truncated", {"found": longest, "expected": limit})
    for row, text_whole, text_cut in zip(ids, whole, cut, strict=True):
        if row != text_cut and (hint := _wrong_ids(row, text_whole, text_cut)):
            return hint
    if masks != [[1] * len(row) for row in ids]:
        return Hint("mask")
    return None


def _wrong_ids(row: list[int], whole: list[int], cut: list[int]) -> Hint:
    if len(whole) > len(cut) and row == whole[: len(cut)]:
        return Hint("end_cut_off")
    if CLS not in row and SEP not in row:
        return Hint("no_special_tokens")
    if len(row) < len(cut) and row[:-1] == cut[: len(row) - 1]:
        return Hint("too_short", {"found": len(row), "expected": len(cut)})
    return Hint("other_ids")
