"""The capstone's downloads: sentinel finds what is wrong with each, and README says so."""

import json

from benchmarks.capstone import RESULTS, measure_class, measure_kinds


def test_every_kind_is_judged_rightly() -> None:
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    found = measure_kinds()
    assert all(entry["right"] == entry["downloads"] for entry in found.values())
    assert found == kept["kinds"]
    assert kept["seeds"]["right"] == kept["seeds"]["downloads"]


def test_the_classs_six_are_judged_rightly() -> None:
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    found = measure_class()
    assert all(row["right"] for row in found)
    assert [(r["name"], r["failed"]) for r in found] == [
        (r["name"], r["failed"]) for r in kept["class"]
    ]
