"""The names of a classifier's outputs: each number one name, each name one number."""

from __future__ import annotations

from pathlib import Path

from sentinel.agreement.checkpoint import Checkpoint, read_object
from sentinel.findings import Findings

CONFIG = "config.json"
HEADS = ("classifier.weight", "classifier.out_proj.weight", "score.weight")
_HEADED = ("SequenceClassification", "TokenClassification", "ImageClassification")


def check_labels(folder: Path, checkpoint: Checkpoint) -> Findings:
    """Compare id2label with label2id, and both with the rows of the head."""
    findings = Findings()
    config = read_object(folder, CONFIG, findings)
    id2label, label2id = (config.get(key) for key in ("id2label", "label2id"))
    if not isinstance(id2label, dict):
        return findings
    names = {str(number): name for number, name in id2label.items()}
    if sorted(names) != sorted(map(str, range(len(names)))):
        findings.error("Label mismatch", CONFIG, "numbers from 0 on", ", ".join(sorted(names)[:9]))
    if len(set(map(str, names.values()))) < len(names):
        findings.error("Label mismatch", CONFIG, "each name once", str(list(names.values())[:9]))
    if isinstance(label2id, dict):
        _compare(findings, names, {str(label): str(number) for label, number in label2id.items()})
    _check_rows(findings, config, len(names), checkpoint)
    return findings


def _compare(findings: Findings, names: dict[str, object], numbers: dict[str, str]) -> None:
    for number, name in names.items():
        if numbers.get(str(name)) != number:
            expected = f"{name} = {number}, as in id2label"
            findings.error("Label mismatch", CONFIG, expected, f"{name} = {numbers.get(str(name))}")
    for name in set(numbers) - {str(name) for name in names.values()}:
        findings.error("Label mismatch", CONFIG, "a label of id2label", name)


def _check_rows(findings: Findings, config: dict, count: int, checkpoint: Checkpoint) -> None:
    architectures = config.get("architectures") or [""]
    if not str(architectures[0]).endswith(_HEADED):
        return
    for head in HEADS:
        info = checkpoint.tensors.get(head)
        if info is not None and len(info.shape) == 2 and info.shape[0] != count:
            expected, found = f"{count} rows, one a label", f"{info.shape[0]} rows"
            findings.error("Label mismatch", checkpoint.files[head], expected, f"{head}: {found}")
