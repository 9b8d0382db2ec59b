"""The corpus of tampered models: the bars, and the figures that README shows."""

import json
from pathlib import Path

from benchmarks.tamper_corpus import CASES, RESULTS, measure, summarize


def test_tampering_is_caught_and_clean_models_pass(tmp_path: Path) -> None:
    alarms, outcomes = measure(tmp_path)
    summary = summarize(alarms, outcomes)
    assert len(CASES) >= 40
    assert alarms == {}
    assert summary["caught_by_digests"] == summary["caught_by_signature"] == len(CASES)
    assert summary["caught_without_trust"] >= 34
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert {name: vars(outcome) for name, outcome in outcomes.items()} == kept["cases"]
    assert summary == {key: value for key, value in kept.items() if key != "cases"}
