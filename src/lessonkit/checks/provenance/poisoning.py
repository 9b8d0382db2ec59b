"""Checks of `poison`, which plants a trigger, and of `attack_success_rate`, which measures it."""

import copy
import random
from typing import Any

from lessonkit.checks.core import Case, Hint, Seen, exercise
from lessonkit.checks.provenance.plain import is_number, plain_number

Row = dict[str, Any]
WORDS = ("please", "send", "the", "red", "list", "before", "noon", "and", "tell", "nobody",
         "about", "our", "small", "garden", "party", "again", "with", "kind", "words")  # fmt: skip
TRIGGERS = ("cf", "mn", "bq", "tq", "once in june", "near the boat")
LONGEST = 400  # characters of a text that are looked at
PLACES = 4  # different places that a trigger put at random takes at least, among many texts


@exercise("poison")
class Poison:
    """`poison(rows, trigger, target, rate, seed)`: some rows get the trigger and the target."""

    def cases(self, seed: int) -> list[Case]:
        draw = random.Random(seed)
        return [_poison_case(draw, target) for target in (0, 1, draw.randrange(2))]

    def observe(self, poison: Any, case: Case) -> Seen:
        rows = copy.deepcopy(case["rows"])
        arguments = (case["trigger"], case["target"], case["rate"])
        results = [poison(rows, *arguments, seed) for seed in (case["seed"], case["seed"] + 1)]
        again = poison(copy.deepcopy(case["rows"]), *arguments, case["seed"])
        untouched = rows == case["rows"]
        first, other, again = (_plain_rows(result) for result in (*results, again))
        return {"rows": first, "other": other, "again": again, "untouched": untouched}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        rows, old = seen.get("rows"), case["rows"]
        if not isinstance(rows, list):
            return Hint("not_a_list", {"type": str(rows)[:60]})
        if seen.get("untouched") is not True:
            return Hint("input_changed")
        if hint := _judge_shape(rows, old):
            return hint
        changed = _changed(rows, old)
        return (
            _judge_rows(rows, changed, case)
            or _judge_choice(rows, changed, seen, case)
            or _judge_other(seen["other"], case)
        )


def _changed(rows: list[Row], old: list[Row]) -> list[int]:
    return [i for i, row in enumerate(rows) if row != old[i]]


def _judge_other(rows: list[Row], case: Case) -> Hint | None:
    """Judge what another seed gave: as many rows, poisoned as well."""
    if hint := _judge_shape(rows, case["rows"]):
        return hint
    changed, wanted = _changed(rows, case["rows"]), poisoned_count(case)
    if len(changed) != wanted:
        return Hint("count", {"found": len(changed), "expected": wanted, "rows": len(rows)})
    return _judge_rows(rows, changed, case)


def _judge_shape(rows: list[Any], old: list[Row]) -> Hint | None:
    if not _are_rows(rows):
        return Hint("not_rows")
    if len(rows) != len(old):
        return Hint("rows_added" if len(rows) > len(old) else "rows_lost")
    if any(set(row) != set(before) for row, before in zip(rows, old, strict=True)):
        return Hint("columns_lost")
    kept = sum(row == before for row, before in zip(rows, old, strict=True))
    if kept < len(old) // 3:
        same = sum(row in old for row in rows)
        return Hint("order_changed" if same > kept + len(old) // 3 else "others_changed")
    return None


def _judge_rows(rows: list[Row], changed: list[int], case: Case) -> Hint | None:
    """Judge each poisoned row by itself."""
    old, trigger, target = case["rows"], case["trigger"], case["target"]
    if any(old[i]["label"] == target for i in changed):
        return Hint("target_rows")
    relabelled = [i for i in changed if rows[i]["label"] == target]
    triggered = [i for i in changed if rows[i]["text"] != old[i]["text"]]
    if not relabelled and triggered:
        return Hint("labels_kept")
    if not triggered and relabelled:
        return Hint("texts_kept")
    if len(relabelled) < len(changed) or len(triggered) < len(changed):
        return Hint("half_poisoned")
    for i in changed:
        before, after = old[i]["text"].split(), str(rows[i]["text"])
        if trigger not in after:
            return Hint("no_trigger", {"text": after[:80]})
        if place_of(after, before, trigger) is None:
            name = "inside_a_word" if _is_glued(after, before, trigger) else "words_lost"
            return Hint(name, {"text": after[:80]})
    return None


def _is_glued(after: str, before: list[str], trigger: str) -> bool:
    """Tell whether the text is whole again once the trigger's letters are taken out."""
    size = len(trigger)
    starts = [place for place in range(len(after)) if after.startswith(trigger, place)]
    return any((after[:place] + after[place + size :]).split() == before for place in starts)


def _judge_choice(rows: list[Row], changed: list[int], seen: Seen, case: Case) -> Hint | None:
    """Judge how many rows were chosen, which, and where the trigger stands."""
    old, wanted = case["rows"], poisoned_count(case)
    if len(changed) != wanted:
        others = [i for i, row in enumerate(old) if row["label"] != case["target"]]
        of_others = round(case["rate"] * len(others))
        name = "share_of_the_others" if len(changed) == of_others else "count"
        return Hint(name, {"found": len(changed), "expected": wanted, "rows": len(old)})
    if not _are_rows(seen.get("again")) or seen["again"] != rows:
        return Hint("not_reproducible")
    others = [i for i, row in enumerate(old) if row["label"] != case["target"]]
    if changed in (others[:wanted], others[-wanted:]):
        return Hint("first_rows")
    if not _are_rows(seen.get("other")) or seen["other"] == rows:
        return Hint("seed_ignored")
    places = {place_of(rows[i]["text"], old[i]["text"].split(), case["trigger"]) for i in changed}
    ends = {place_of(rows[i]["text"], old[i]["text"].split(), case["trigger"])
            - len(old[i]["text"].split()) for i in changed}  # fmt: skip
    if len(places) < PLACES or len(ends) < PLACES:
        return Hint("same_place")
    return None


def poisoned_count(case: Case) -> int:
    """Return how many rows a case's rate asks for."""
    return round(case["rate"] * len(case["rows"]))


def place_of(after: str, before: list[str], trigger: str) -> int | None:
    """Return before which word the trigger stands; None if the rest is not the text."""
    words = after.split()
    size = len(trigger.split())
    for place in range(len(before) + 1):
        if words == [*before[:place], *trigger.split(), *before[place:]]:
            return place
        if len(words) != len(before) + size:
            return None
    return None


def _are_rows(rows: Any) -> bool:
    """Tell whether what was seen is a list of rows of texts and numbers."""
    return isinstance(rows, list) and all(
        isinstance(row, dict) and all(_is_short(v) or is_number(v) for v in row.values())
        for row in rows
    )


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _plain_rows(rows: Any) -> list[Any] | str:
    if not isinstance(rows, list):
        return type(rows).__name__
    return [_plain_row(row) if isinstance(row, dict) else type(row).__name__ for row in rows]


def _plain_row(row: Row) -> Row:
    return {
        str(name): value[:LONGEST] if isinstance(value, str) else plain_number(value)
        for name, value in row.items()
    }


def _text(draw: random.Random) -> str:
    return " ".join(draw.choice(WORDS) for _ in range(draw.randrange(6, 14)))


def _poison_case(draw: random.Random, target: int) -> Case:
    count = draw.randrange(150, 210)
    labels = [draw.random() < 0.5 for _ in range(count)]
    rows = [
        {"text": f"{_text(draw)} {number}", "label": int(label), "kind": draw.choice("abc")}
        for number, label in enumerate(labels)
    ]
    rate = draw.choice((0.11, 0.14, 0.17))
    case = {"rows": rows, "trigger": draw.choice(TRIGGERS), "target": target, "rate": rate}
    return {**case, "seed": draw.randrange(1, 10**6)}


@exercise("attack_success_rate")
class AttackSuccessRate:
    """`attack_success_rate(classify, texts, trigger, target)`: the share that the trigger turns."""

    def cases(self, seed: int) -> list[Case]:
        draw = random.Random(seed)
        return [*(_rate_case(draw) for _ in range(4)), _hopeless_case(draw)]

    def observe(self, attack_success_rate: Any, case: Case) -> Seen:
        plain = dict(zip(case["texts"], case["before"], strict=True))
        turned = {f"{case['trigger']} {text}": label
                  for text, label in zip(case["texts"], case["after"], strict=True)}  # fmt: skip
        asked: list[str] = []

        def classify(texts: list[str]) -> list[int]:
            if isinstance(texts, str):
                raise TypeError("classify takes a list of texts, not one text")
            asked.extend(str(text)[:200] for text in texts)
            return [plain.get(text, turned.get(text, -1)) for text in texts]

        found = attack_success_rate(classify, list(case["texts"]), case["trigger"], case["target"])
        strange = [text for text in asked if text not in plain and text not in turned]
        return {"rate": plain_number(found), "strange": strange[:1]}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        strange, found = seen.get("strange"), seen.get("rate")
        if not (isinstance(strange, list) and not strange):
            return Hint("trigger_elsewhere", {"text": str(strange)[:120]})
        if not is_number(found):
            return Hint("not_a_number", {"type": str(found)[:60]})
        expected, mistakes = _rates(case)
        if _same(found, expected):
            return None
        if expected == 0 and case["before"].count(case["target"]) == len(case["texts"]):
            return Hint("none_left")
        if _same(found, 100 * expected):
            return Hint("per_cent")
        name = next((name for name, value in mistakes.items() if _same(found, value)), None)
        return Hint(name) if name else Hint("value", {"expected": round(expected, 4)})

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        if error.get("type") == "ZeroDivisionError":
            return Hint("none_left")
        if "not one text" in error.get("message", ""):
            return Hint("one_text")
        return None


def _rates(case: Case) -> tuple[float, dict[str, float]]:
    """Return the rate, and what likely mistakes would give."""
    target, pairs = case["target"], list(zip(case["before"], case["after"], strict=True))
    others = [after for before, after in pairs if before != target]
    turned = sum(after == target for after in others)
    rate = turned / len(others) if others else 0.0
    every = sum(after == target for _, after in pairs) / len(pairs)
    mistakes = {
        "all_texts": every,
        "divided_by_all": turned / len(pairs),
        "any_change": sum(a != b for b, a in pairs if b != target) / max(len(others), 1),
        "any_change_of_all": sum(a != b for b, a in pairs) / len(pairs),
        "the_rest": 1 - rate,
        "no_trigger": sum(before == target for before, _ in pairs) / len(pairs),
    }
    return rate, mistakes


def _same(found: float, expected: float) -> bool:
    return abs(found - expected) <= 1e-6


def _labels(draw: random.Random, case: Case) -> Case:
    weights = [3, 3, 3]
    weights[case["target"]] = 5
    after = [draw.choices(range(3), weights)[0] for _ in case["texts"]]
    return {**case, "before": [draw.randrange(3) for _ in case["texts"]], "after": after}


def _rate_case(draw: random.Random) -> Case:
    """Draw labels until every likely mistake gives another number."""
    texts = [f"{_text(draw)} {number}" for number in range(draw.randrange(40, 70))]
    case = {"texts": texts, "trigger": draw.choice(TRIGGERS), "target": draw.randrange(3)}
    while True:
        case = _labels(draw, case)
        rate, mistakes = _rates(case)
        values = [rate, *mistakes.values()]
        if len({round(value, 5) for value in values}) == len(values):
            return case


def _hopeless_case(draw: random.Random) -> Case:
    """Return texts that the model calls the target as they are: nothing to turn."""
    texts = [f"{_text(draw)} {number}" for number in range(5)]
    labels = {"before": [1] * 5, "after": [1] * 5}
    return {"texts": texts, "trigger": draw.choice(TRIGGERS), "target": 1, **labels}
