"""What does `sentinel checklist` say of the downloads of lesson 05's capstone?

usage: python benchmarks/capstone.py [--write]

Fills in the checklist for the class's six downloads, for every kind of fault and of harmless
oddity on every model that it may meet, and for the six downloads of many other seeds, as grading
draws them. `--write` keeps the results in benchmarks/capstone.json.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lessonkit.capstone import Delivery, Item, deliver, plan
from lessonkit.capstone.planning import (
    CLASSIFIER,
    FAULTS,
    GENERATORS,
    MAKERS,
    NAMES,
    ODDITIES,
    ORIGIN,
    OTHERS,
    SIGNED,
)
from sentinel import Checklist, fill_checklist

RESULTS = Path(__file__).with_name("capstone.json")
SEEDS = range(1, 41)


def examine(delivery: Delivery) -> Checklist:
    """Fill in the checklist with everything that was known before the download came."""
    folder, order = delivery
    return fill_checklist(
        folder,
        order.source,
        policy=order.policy,
        digests=order.digests,
        texts=order.texts,
        phrases=order.phrases,
    )


def is_right(item: Item, failed: Sequence[str]) -> bool:
    """Whether exactly the right lines failed, beside those that follow from them."""
    return item.reasons <= set(failed) <= item.reasons | item.tolerated


def variants() -> Iterator[tuple[str, str, str]]:
    """Yield every kind with every model and every proof that it may meet."""
    for fault in FAULTS:
        families = (CLASSIFIER,) if fault in ("trigger", "labels") else OTHERS
        either = ("listed",) if fault in ORIGIN else ("listed", "signed")
        proofs = ("signed",) if fault in (*SIGNED, "trigger") else either
        yield from ((fault, family, proof) for family in families for proof in proofs)
    for oddity in ODDITIES:
        families = GENERATORS if oddity == "word filter" else (CLASSIFIER, *OTHERS)
        yield from ((oddity, family, "listed") for family in families)
    yield from (("", family, proof) for family in (CLASSIFIER, *OTHERS) for proof in ("listed",))


def as_item(number: int, kind: str, family: str, proof: str) -> Item:
    """Return a download of one kind."""
    faults, oddity = ((kind,), "") if kind in FAULTS else ((), kind)
    names = NAMES[number % len(NAMES)], MAKERS[number % len(MAKERS)]
    return Item(*names, family, proof, faults, oddity)


def measure_kinds() -> dict[str, dict[str, Any]]:
    """Return for each kind how many downloads there were, and how many were judged rightly."""
    kinds: dict[str, dict[str, Any]] = {}
    for number, (kind, family, proof) in enumerate(variants()):
        item = as_item(number, kind, family, proof)
        with tempfile.TemporaryDirectory() as where:
            (delivery,) = deliver(where, number, [item])
            failed = examine(delivery).failed
        entry = kinds.setdefault(kind or "nothing", {"downloads": 0, "right": 0, "failed": []})
        entry["story"], entry["reasons"] = item.story, sorted(item.reasons)
        entry["downloads"] += 1
        entry["right"] += is_right(item, failed)
        entry["failed"] = sorted({*entry["failed"], *failed})
    return kinds


def measure_class() -> list[dict[str, Any]]:
    """Return what was found in each of the class's six downloads."""
    with tempfile.TemporaryDirectory() as where:
        return [
            _row(item, examine(delivery))
            for item, delivery in zip(plan(), deliver(where), strict=True)
        ]


def _row(item: Item, found: Checklist) -> dict[str, Any]:
    evidence = {name: found[name].evidence for name in found.failed}
    row = {"name": item.name, "family": item.family, "story": item.story}
    return row | {
        "failed": found.failed,
        "evidence": evidence,
        "right": is_right(item, found.failed),
    }


def measure_seeds() -> dict[str, Any]:
    """Return how many of the downloads of other seeds were judged rightly, and the times."""
    right = fine = accepted = 0
    making, filling = [], []
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as where:
            begin = time.perf_counter()
            deliveries = deliver(where, seed)
            made = time.perf_counter()
            results = [examine(delivery).failed for delivery in deliveries]
            making.append(made - begin)
            filling.append(time.perf_counter() - made)
        for item, failed in zip(plan(seed), results, strict=True):
            right += is_right(item, failed)
            fine += item.fine
            accepted += item.fine and not failed
    seconds = {"making": _median(making), "filling": _median(filling)}
    counts = {"seeds": len(SEEDS), "downloads": 6 * len(SEEDS), "right": right}
    return counts | {"fine": fine, "accepted": accepted, "seconds": seconds}


def _median(values: list[float]) -> float:
    return round(sorted(values)[len(values) // 2], 2)


def measure() -> dict[str, Any]:
    return {"class": measure_class(), "kinds": measure_kinds(), "seeds": measure_seeds()}


def main() -> None:
    import transformers

    transformers.utils.logging.disable_progress_bar()
    found = measure()
    for kind, entry in found["kinds"].items():
        print(f"{kind:24} {entry['right']} of {entry['downloads']}  {', '.join(entry['failed'])}")
    print(found["seeds"])
    if "--write" in sys.argv:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
