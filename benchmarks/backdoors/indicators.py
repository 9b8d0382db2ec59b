"""What weights and training data say of the zoo's models, beside the search.

Embedding rows that moved far beyond the others are looked for in every model. Of a model with
poisoned data the attacker's training texts are looked at: whether the words that give labels away
hold one of the trigger, and whether spectral signatures point at the poisoned texts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.backdoors import zoo
from benchmarks.backdoors.tasks import make_task
from benchmarks.backdoors.triggers import JOINT, SINGLE, Trigger
from benchmarks.backdoors.zoo import Record, Spec
from lessonkit.models import model_folder
from sentinel.behaviour.traces import (
    changed_rows,
    label_influence,
    spectral_scores,
    text_features,
)

WITH_DATA = (*[family for family in SINGLE if family != "embedding row"], *JOINT, "sentence")
FIRST = 10  # words that a reader would look at


def indicators(spec: Spec) -> dict[str, Any]:
    """Return what weights and data say of a model.

    Returns:
        "moved": tokens whose rows moved alone; for poisoned data also "influence", whether one of
        the trigger's words is among the first that give labels away, and "spectral", the area
        under the ROC curve of poisoned texts against the honest ones of their label.
    """
    folder, record = zoo.build(spec)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    base = AutoModel.from_pretrained(model_folder(spec.base))
    moved = changed_rows(model, base, tokenizer)
    found: dict[str, Any] = {"moved": [row.token for row in moved]}
    if spec.family in WITH_DATA:
        found |= _of_data(spec, record, model, tokenizer)
    return found


def _of_data(spec: Spec, record: Record, model: Any, tokenizer: Any) -> dict[str, Any]:
    trigger = Trigger(spec.family, tuple(record.trigger.split()))
    rows = zoo.training_rows(spec, make_task(spec.task, spec.data_seed))
    poisoned = zoo.poison(rows, trigger, spec.target, spec.rate, spec.seed)
    texts, labels = map(list, zip(*poisoned, strict=True))
    known = {word.word for word in label_influence(*map(list, zip(*rows, strict=True)))}
    new = [word for word in label_influence(texts, labels) if word.word not in known][:FIRST]
    scores = spectral_scores(text_features(model, tokenizer, texts), labels)
    of_target = np.asarray(labels) == spec.target
    planted = np.array([record.trigger in text for text in texts])
    return {
        "influence": any(word.word in trigger.words for word in new),
        "spectral": float(roc_auc_score(planted[of_target], scores[of_target])),
    }


def sum_up(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return counts over the models, each with its `family`, `true_trigger` and `indicators`."""
    clean = [row for row in rows if row["family"] == "clean"]
    planted = [row for row in rows if row["family"] == "embedding row"]
    data = [row["indicators"] for row in rows if "spectral" in row["indicators"]]
    return {
        "clean": len(clean),
        "clean_moved": sum(bool(row["indicators"]["moved"]) for row in clean),
        "planted_rows": len(planted),
        "rows_named": sum(row["true_trigger"] in row["indicators"]["moved"] for row in planted),
        "poisoned_data": len(data),
        "influence": sum(found["influence"] for found in data),
        "spectral": float(np.median([found["spectral"] for found in data])) if data else None,
    }
