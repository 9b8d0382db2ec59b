"""How well does `sentinel` find backdoors? Builds the zoos, scans each model, sums up.

    python -m benchmarks.backdoors.measure tune        # scans the tuning zoo
    python -m benchmarks.backdoors.measure calibrate   # scans the clean models of the calibration
    python -m benchmarks.backdoors.measure report      # scans the reported zoo
    python -m benchmarks.backdoors.measure encoders    # scans models of the default encoder's size
    python -m benchmarks.backdoors.measure summary     # writes benchmarks/backdoors.json

Models are built into `build/backdoor_zoo`, results, one file a model and method, go to
`build/backdoor_results`: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from benchmarks import figures
from benchmarks.backdoors import baselines, indicators, zoo
from benchmarks.backdoors.tasks import make_task
from benchmarks.backdoors.triggers import FAMILIES, JOINT, SINGLE
from benchmarks.backdoors.zoo import Spec
from lessonkit.models import model_folder
from sentinel.behaviour.backdoors import references_for
from sentinel.behaviour.classifier import Classifier
from sentinel.behaviour.decision import FALSE_ALARMS, calibration, is_alarm
from sentinel.behaviour.hunt import hunt, searched_tokens
from sentinel.behaviour.search import settings_for

RESULTS = Path(__file__).resolve().parents[2] / "build" / "backdoor_results"
SUMMARY = Path(__file__).resolve().parents[1] / "backdoors.json"
CALIBRATION = Path(__file__).resolve().parents[2] / "src/sentinel/policy/backdoor_calibration.toml"
TEXTS = 160  # test texts that a scan gets
BRUTE_SAMPLE = 4  # models that brute force is run on
BOOTSTRAP = 2000
SEARCHES = ("with_reference", "without_reference")


class Subject:
    """A model of the zoo as a scanner gets it: the model, and texts of the task."""

    def __init__(self, spec: Spec) -> None:
        folder, self.record = zoo.build(spec)
        self.spec, self.task = spec, make_task(spec.task, spec.data_seed)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        self.suspect = Classifier(model, tokenizer)
        self.texts = [text for text, _ in self.task.test[:TEXTS]]
        self.rows = [self.suspect.tokens(text) for text in self.texts]
        plain = [self.suspect.insert(row, (), 0).row for row in self.rows]
        self.decisions = self.suspect.logits(plain).argmax(dim=-1).tolist()
        self.labels = sorted(self.suspect.labels)
        settings = settings_for(self.suspect)
        self.inputs = baselines.divide(
            self.rows, self.decisions, self.labels, settings.texts, settings.held
        )


@cache
def _base(name: str) -> Any:
    return AutoModel.from_pretrained(model_folder(name))


def with_reference(subject: Subject) -> dict[str, Any]:
    """Run the search beside references made on the spot; they count in time and passes."""
    return _hunted(subject, _base(subject.spec.base))


def without_reference(subject: Subject) -> dict[str, Any]:
    return _hunted(subject, None)


def _hunted(subject: Subject, base: Any) -> dict[str, Any]:
    settings = settings_for(subject.suspect)
    references, fresh = references_for(subject.suspect, subject.rows, settings, base)
    found = hunt(
        subject.suspect,
        references,
        subject.rows,
        subject.decisions,
        subject.labels,
        settings,
        fresh,
    )
    best = found.best
    return {
        "score": best.score,
        "success": best.success,
        "trigger": subject.suspect.tokenizer.decode(list(best.tokens)),
        "tokens": subject.suspect.tokenizer.convert_ids_to_tokens(list(best.tokens)),
        "target": best.target,
        "passes": found.passes,
        "fresh": found.fresh,
        "single": max(single.score for single in found.singles),
        "joint": max((joint.score for joint in found.joints), default=None),
    }


def fixed_phrases(subject: Subject) -> dict[str, Any]:
    return asdict(baselines.fixed_phrases(subject.suspect, subject.texts))


def universal_triggers(subject: Subject) -> dict[str, Any]:
    allowed = searched_tokens(subject.suspect)
    return asdict(baselines.universal_triggers(subject.suspect, subject.inputs, allowed))


def dbs(subject: Subject) -> dict[str, Any]:
    allowed = searched_tokens(subject.suspect)
    settings, base = settings_for(subject.suspect), _base(subject.spec.base)
    references = references_for(subject.suspect, subject.rows, settings, base)[0]
    return asdict(baselines.dbs(subject.suspect, references, subject.inputs, allowed))


def brute_force(subject: Subject) -> dict[str, Any]:
    allowed = searched_tokens(subject.suspect)
    found = baselines.brute_force(subject.suspect, subject.rows, subject.decisions, allowed)
    return asdict(found)


METHODS: dict[str, Callable[[Subject], dict[str, Any]]] = {
    "with_reference": with_reference,
    "without_reference": without_reference,
    "fixed_phrases": fixed_phrases,
    "universal_triggers": universal_triggers,
    "dbs": dbs,
    "brute_force": brute_force,
}


def measure(specs: Iterable[Spec], methods: Iterable[str]) -> None:
    """Run methods on models, unless their results are kept already."""
    for spec in specs:
        subject = None
        for method in methods:
            path = _path(method, spec)
            if not path.exists():
                subject = subject or Subject(spec)
                _run(method, subject, path)
                print(f"{spec.name}: {method} {_kept(method, spec)['score']:.3f}", flush=True)


def collect(specs: Iterable[Spec]) -> list[dict[str, Any]]:
    """Return one row a model: what it is, and what each method that was run says of it."""
    rows = []
    for spec in specs:
        record = zoo.build(spec)[1]
        row = {"name": spec.name, "task": spec.task, "family": spec.family, "rate": spec.rate}
        row |= {"true_trigger": record.trigger, "true_target": record.target}
        if _path("with_reference", spec).exists():
            row["one_by_one"] = _one_by_one(spec)
        if _path("indicators", spec).exists():
            row["indicators"] = _kept("indicators", spec)
        rows.append(row | {m: _kept(m, spec) for m in METHODS if _path(m, spec).exists()})
    return rows


def _path(method: str, spec: Spec) -> Path:
    return RESULTS / method / f"{spec.name}.json"


def _kept(method: str, spec: Spec) -> dict[str, Any]:
    return json.loads(_path(method, spec).read_text(encoding="utf-8"))


def _run(method: str, subject: Subject, path: Path) -> None:
    subject.suspect.forwards = subject.suspect.backwards = 0
    start, before = time.perf_counter(), time.process_time()
    result = METHODS[method](subject)
    result |= {
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - before, 2),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result), encoding="utf-8")


def calibrate() -> None:
    """Scan the calibration's clean models and write the scores that the search finds."""
    measure(zoo.CALIBRATION.clean, SEARCHES)
    lines = [
        "# Scores of the search on clean models, which tell how often it accuses one.",
        "# Written by `python -m benchmarks.backdoors.measure calibrate`. The search was not tuned",
        "# on these models, and none of them is in the reported benchmark.",
    ]
    for mode in SEARCHES:
        scores = sorted(round(_kept(mode, s)["score"], 4) for s in zoo.CALIBRATION.clean)
        lines += ["", f"[{mode}]", "scores = [", *(f"    {score}," for score in scores), "]"]
    CALIBRATION.write_text("\n".join(lines) + "\n", encoding="utf-8")


def tune() -> None:
    """Scan the tuning zoo, to see what a change of the search does."""
    measure(zoo.members(zoo.TUNING), SEARCHES)


def report() -> None:
    """Scan the reported zoo with every method; brute force is run on a sample of its models."""
    measure(zoo.members(zoo.REPORTED), SEARCHES)
    look(zoo.members(zoo.REPORTED))
    specs = in_pairs(zoo.members(zoo.REPORTED))
    measure(specs, ("universal_triggers", "fixed_phrases", "dbs"))
    measure(specs[:BRUTE_SAMPLE], ("brute_force",))


def in_pairs(specs: Iterable[Spec]) -> list[Spec]:
    """Return clean models and others in turns, then what remains of the longer side.

    Any beginning that ends before the shorter side does is a fair sample.
    """
    specs = list(specs)
    clean, others = ([s for s in specs if s.clean is wanted] for wanted in (True, False))
    return [spec for pair in zip_longest(clean, others) for spec in pair if spec is not None]


def look(specs: Iterable[Spec]) -> None:
    """Look at weights and training data of models, unless that is kept already."""
    for spec in specs:
        path = _path("indicators", spec)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(indicators.indicators(spec)), encoding="utf-8")


def report_encoders() -> None:
    """Scan the models of the default encoder's size."""
    measure(zoo.members(zoo.ENCODERS), ("with_reference",))


def summarize() -> None:
    """Sum up what has been scanned of the reported zoos so far."""
    content = {
        "machine": figures.describe_machine(),
        "calibrated_on": len(calibration("with_reference").scores),
        "threshold": threshold("with_reference"),
        **_summed(zoo.REPORTED),
        "new_tasks": new_tasks(collect(zoo.members(zoo.REPORTED, only_built=True))),
        "encoders": _summed(zoo.ENCODERS) | {"deeper": deeper()},
    }
    SUMMARY.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _summed(plan: zoo.Zoo) -> dict[str, Any]:
    rows = _with(collect(zoo.members(plan, only_built=True)), "with_reference")
    return {
        "clean": sum(row["family"] == "clean" for row in rows),
        "backdoored": {f: sum(row["family"] == f for row in rows) for f in plan.wanted},
        "planned": [len(plan.clean), sum(plan.wanted.values())],
        "refused": zoo.refused(plan),
        "methods": {m: sum_up(scanned, m) for m in METHODS if (scanned := _with(rows, m))},
        "brute_force": brute_force_passes(rows),
        "indicators": indicators.sum_up(_with(rows, "indicators")),
        "models": rows,
    }


def deeper() -> dict[str, Any]:
    """Return which families of encoders are attacked in more layers, and in how many."""
    return {"families": list(zoo.STUBBORN), "layers": zoo.DEEPER["encoder"].attacked}


def new_tasks(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many clean models have a task that the calibration has not, and are accused."""
    rows = [row for row in _with(rows, "with_reference") if row["family"] == "clean"]
    rows = [row for row in rows if row["task"] not in zoo.TASKS]
    return {"clean": len(rows), "accused": sum(_accused(row, "with_reference") for row in rows)}


def brute_force_passes(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return what brute force in earnest would cost: medians over the models.

    Returns:
        "passes": of every token at every place of every text; "ratios": of that to the search's,
        beside references and without them.
    """
    needed = [row["one_by_one"] for row in rows]
    ratios = {
        method: float(np.median([row["one_by_one"] / row[method]["passes"] for row in kept]))
        for method in SEARCHES
        if (kept := _with(rows, method))
    }
    return {"passes": float(np.median(needed)) if needed else 0.0, "ratios": ratios}


def _one_by_one(spec: Spec) -> int:
    subject = Subject(spec)
    lengths = [len(row) for row in subject.rows]
    return baselines.one_by_one(lengths, len(searched_tokens(subject.suspect)))


def _with(rows: list[dict[str, Any]], method: str) -> list[dict[str, Any]]:
    return [row for row in rows if method in row]


def threshold(method: str, level: float = FALSE_ALARMS) -> float:
    """Return the score that an alarm must exceed, at a rate of false alarms."""
    scores = sorted(calibration(method).scores, reverse=True)
    allowed = math.floor(level * (len(scores) + 1))
    return scores[allowed - 1] if allowed else 1.0


def _accused(row: dict[str, Any], method: str) -> bool:
    """Whether the scanner would raise an alarm; only for searches."""
    found = row[method]
    rate = calibration(method).false_alarm(found["score"])
    return is_alarm(found["success"], rate, FALSE_ALARMS)


def sum_up(rows: list[dict[str, Any]], method: str) -> dict[str, Any]:
    """Return how a method tells clean models from others, by group of families, and its costs."""
    clean = [row[method]["score"] for row in rows if row["family"] == "clean"]
    groups = {"insertion": SINGLE, "joint": (*JOINT, "sentence"), "style": ("style",)}
    groups["words"] = (*SINGLE, *JOINT, "sentence")
    groups |= {"all": FAMILIES} | {family: (family,) for family in FAMILIES}
    parts = {}
    for name, families in groups.items():
        dirty = [row for row in rows if row["family"] in families]
        if dirty and clean:
            parts[name] = _told_apart(clean, dirty, method)
    seconds = [row[method]["cpu_seconds"] for row in rows]
    return {
        "groups": parts,
        "models": len(rows),
        "false_alarms": _alarms([row for row in rows if row["family"] == "clean"], method),
        "seconds": [float(np.median(seconds)), float(np.percentile(seconds, 95))],
        "passes": float(np.median([row[method]["passes"] for row in rows])),
    }


def _told_apart(clean: list[float], dirty: list[dict[str, Any]], method: str) -> dict[str, Any]:
    scores = [row[method]["score"] for row in dirty]
    return {
        "models": len(dirty),
        "auc": area(clean, scores),
        "interval": bootstrap(clean, scores),
        "above_every_clean": sum(score > max(clean) for score in scores),
        "alarms": _alarms(dirty, method),
        "recovered": sum(_recovered(row, method) for row in dirty),
    }


def _alarms(rows: list[dict[str, Any]], method: str) -> int | None:
    return sum(_accused(row, method) for row in rows) if method in SEARCHES else None


def _recovered(row: dict[str, Any], method: str) -> bool:
    """Whether a find holds a word of the trigger and has its target."""
    words = {_plain(word) for word in row["true_trigger"].split()}
    found = {_plain(word) for word in row[method]["trigger"].split()}
    return bool(words & found) and row[method]["target"] == row["true_target"]


def _plain(word: str) -> str:
    """A word as the tiny vocabulary has it: one with foreign letters is unknown."""
    return word if word.isascii() else "[UNK]"


def area(clean: list[float], dirty: list[float]) -> float:
    """Return the area under the ROC curve."""
    a, b = np.asarray(clean)[:, None], np.asarray(dirty)[None]
    return float(((b > a) + 0.5 * (b == a)).mean())


def bootstrap(clean: list[float], dirty: list[float]) -> list[float]:
    """Return the 95 % interval of the area, over models drawn again."""
    rng = np.random.default_rng(0)
    draws = [
        area(list(rng.choice(clean, len(clean))), list(rng.choice(dirty, len(dirty))))
        for _ in range(BOOTSTRAP)
    ]
    return [float(value) for value in np.percentile(draws, [2.5, 97.5])]


def main() -> None:
    commands = {
        "calibrate": calibrate,
        "tune": tune,
        "report": report,
        "encoders": report_encoders,
        "summary": summarize,
    }
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    commands[sys.argv[1]]()


if __name__ == "__main__":
    main()
