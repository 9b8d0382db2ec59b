"""Classifiers and texts from a disk, loaded without running anything that comes with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SAFE = {"use_safetensors": True, "trust_remote_code": False, "local_files_only": True}


def load_classifier(folder: Path) -> tuple[Any, Any]:
    """Return a sequence classifier and its tokenizer from a folder with safetensors.

    Raises:
        ValueError: there is no folder, or no sequence classifier in it.
    """
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    _check_folder(folder)
    model, report = AutoModelForSequenceClassification.from_pretrained(
        folder, output_loading_info=True, **SAFE
    )
    if report["missing_keys"]:
        raise ValueError(f"{folder} holds no sequence classifier: its head has no weights")
    return model, AutoTokenizer.from_pretrained(
        folder, trust_remote_code=False, local_files_only=True
    )


def load_base(folder: Path) -> Any:
    """Return an encoder from a folder with safetensors.

    Raises:
        ValueError: there is no folder.
    """
    from transformers import AutoModel

    _check_folder(folder)
    return AutoModel.from_pretrained(folder, **SAFE)


def read_texts(path: Path) -> list[str]:
    """Return a file's texts: one a line, or JSON lines with a field `text`.

    Raises:
        ValueError: a JSON line has no such field.
    """
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if path.suffix != ".jsonl":
        return lines
    rows = [json.loads(line) for line in lines]
    if not all(isinstance(row, dict) and isinstance(row.get("text"), str) for row in rows):
        raise ValueError(f"{path}: every line needs a field `text`")
    return [row["text"] for row in rows]


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
