"""The check of `screen`: which of six downloads to refuse, and for which reasons.

Worth points in part: for verdicts that tell bad from good, and for the reasons. Refusing or
accepting everything tells nothing and is worth nothing.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lessonkit.capstone import REASONS, Delivery, Item, Order, deliver, plan
from lessonkit.capstone.planning import (
    BEHAVIOUR,
    CONTENT,
    FORBIDDEN,
    LICENCE,
    ODDITIES,
    ORIGIN,
)
from lessonkit.checks.core import Case, Hint, Seen, describe_error, exercise

STEPS = 4  # partial credit comes in quarters
MACHINE = "loaders"  # a line about the machine, not about the model: never counted
# Hint for a question that was not asked -> the faults that it would have shown, in this order.
QUESTIONS = {
    "origin": ORIGIN,
    "content": CONTENT,
    "licence": LICENCE | FORBIDDEN,
    "behaviour": BEHAVIOUR,
}

Answer = frozenset[str] | None
"""The reasons that were given; None where the answer stopped with an error."""


@exercise("screen")
class Screen:
    """`screen(folder, order)`: the lines of the checklist for which a download is refused.

    A seed tells what is wrong with which download: a grader prepares them where no answer runs.
    """

    def cases(self, seed: int) -> list[Case]:
        return [{"seed": seed}]

    def prepare(self, case: Case, where: Path) -> Case:
        """Put the downloads into a folder; return what `observe` needs besides, without the seed.

        The folder's place as the answer sees it is to be added: `{"where": ...}`.
        """
        deliveries = deliver(where, case["seed"])
        shutil.rmtree(where / "keys", ignore_errors=True)  # the publishers keep theirs
        return {"orders": [_plain_order(delivery) for delivery in deliveries]}

    def observe(self, screen: Any, case: Case) -> Seen:
        if "orders" not in case:
            with tempfile.TemporaryDirectory() as where:
                prepared = self.prepare(case, Path(where))
                return self.observe(screen, {**prepared, "where": where})
        deliveries = [_delivery(Path(case["where"]), order) for order in case["orders"]]
        return {"answers": [_observed(screen, delivery) for delivery in deliveries]}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        items, answers = plan(case["seed"]), seen.get("answers")
        if not isinstance(answers, list) or len(answers) != len(items):
            return Hint("not_a_list", {"name": items[0].name, "type": "nothing"})
        for item, answer in zip(items, answers, strict=True):
            if (hint := _malformed(item, answer)) is not None:
                return hint
        given = [_given(answer) for answer in answers]
        hint = _mistake(items, given, answers)
        if hint is None:
            return None
        return Hint(hint.name, hint.values, credit(items, given))


def credit(items: list[Item], given: list[Answer]) -> float:
    """Return what verdicts and reasons are worth, from 0 to 1, rounded down to quarters.

    The verdicts' part is the share of bad models refused plus the share of good ones accepted,
    minus one: nothing for answers that are always the same. Half of it counts for the verdicts
    alone, half in proportion to the bad models whose reasons are right.
    """
    bad = [(item, answer) for item, answer in zip(items, given, strict=True) if not item.fine]
    fine = [answer for item, answer in zip(items, given, strict=True) if item.fine]
    refused = sum(bool(answer) for _, answer in bad) / len(bad)
    accepted = sum(answer == frozenset() for answer in fine) / len(fine)
    told = sum(_is_right(item, answer) for item, answer in bad) / len(bad)
    return math.floor(STEPS * max(refused + accepted - 1, 0) * (1 + told) / 2) / STEPS


def _plain_order(delivery: Delivery) -> dict[str, Any]:
    order = delivery.order
    lists = {"texts": order.texts, "phrases": order.phrases}
    return {"name": delivery.folder.name, "source": order.source, **lists}


def _delivery(where: Path, order: dict[str, Any]) -> Delivery:
    known = Order(
        source=order["source"],
        policy=where / "policy.toml",
        digests=where / "digests.toml",
        texts=list(order["texts"]),
        phrases=list(order["phrases"]),
    )
    return Delivery(where / "downloads" / order["name"], known)


def _observed(screen: Any, delivery: Delivery) -> dict[str, Any]:
    """Return one answer as plain data; a failure on one download leaves the others their points."""
    try:
        reasons = screen(delivery.folder, delivery.order)
    except NotImplementedError:
        raise
    except Exception as error:
        return {"error": describe_error(error)}
    if not isinstance(reasons, (list, tuple, set, frozenset)):
        return {"type": type(reasons).__name__}
    return {"reasons": [r if type(r) is str else type(r).__name__ for r in reasons][:50]}


def _malformed(item: Item, answer: Any) -> Hint | None:
    """Return a hint for what is no list of reasons."""
    if not isinstance(answer, dict):
        return Hint("not_a_list", {"name": item.name, "type": "nothing"})
    if isinstance(answer.get("error"), dict) and "reasons" not in answer:
        return None
    reasons = answer.get("reasons")
    if not isinstance(reasons, list):
        return Hint("not_a_list", {"name": item.name, "type": str(answer.get("type"))[:50]})
    for reason in reasons:
        if reason not in (*REASONS, MACHINE):
            known = ", ".join(REASONS)
            return Hint(
                "unknown_reason", {"name": item.name, "reason": str(reason)[:50], "known": known}
            )
    return None


def _given(answer: dict[str, Any]) -> Answer:
    if "reasons" not in answer:
        return None
    return frozenset(answer["reasons"]) - {MACHINE}


def _is_right(item: Item, answer: Answer) -> bool:
    return answer is not None and item.reasons <= answer <= item.reasons | item.tolerated


def _mistake(items: list[Item], given: list[Answer], answers: list[dict]) -> Hint | None:
    """Return the hint for the first mistake, from the coarsest to the finest."""
    pairs = list(zip(items, given, strict=True))
    if all(_is_right(item, answer) for item, answer in pairs):
        return None
    for item, answer in zip(items, answers, strict=True):
        if "reasons" not in answer:
            error = answer["error"]
            values = {key: str(error.get(key, ""))[:300] for key in ("type", "message", "line")}
            return Hint("raised_on", {"name": item.name, **values})
    if all(answer for _, answer in pairs):
        return Hint("refuses_all")
    if not any(answer for _, answer in pairs):
        return Hint("accepts_all")
    return _refused_wrongly(pairs) or _overlooked(pairs) or _inexact(pairs)


Pairs = list[tuple[Item, frozenset[str]]]


def _refused_wrongly(pairs: Pairs) -> Hint | None:
    refused = [(item, answer) for item, answer in pairs if item.fine and answer]
    if not refused:
        return None
    item, answer = min(refused, key=lambda pair: bool(pair[0].oddity))
    plain = "permitted" if answer == {"licence"} else "fine"
    name = "warning" if ODDITIES.get(item.oddity) in answer else plain
    return Hint(name, {"name": item.name, "reasons": _listed(answer)})


def _overlooked(pairs: Pairs) -> Hint | None:
    """Return the hint for a question that was not asked, if bad models are accepted."""
    if all(answer for item, answer in pairs if not item.fine):
        return None
    for name, faults in QUESTIONS.items():
        for item, answer in pairs:
            lines = {line for fault in item.faults if fault in faults for line in faults[fault]}
            if lines and not lines & answer:
                return Hint(name, {"name": item.name})
    return None


def _inexact(pairs: Pairs) -> Hint | None:
    """Return the hint for reasons that are missing, or too many."""
    for item, answer in pairs:
        if item.reasons - answer:
            values = {"name": item.name, "found": _listed(answer), "count": len(item.reasons)}
            return Hint("first_reason" if answer & item.reasons else "reason", values)
    for item, answer in pairs:
        extra = answer - item.reasons - item.tolerated
        if extra:
            return Hint("extra_reason", {"name": item.name, "extra": _listed(extra)})
    return None


def _listed(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(reasons))
