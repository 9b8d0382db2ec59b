"""The labelled texts, loaded through `datasets`, which is imported when the first are."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from lessonkit.paths import data_file

if TYPE_CHECKING:
    from datasets import DatasetDict

SPLITS = ("train", "validation", "test")
HELD_BACK = 2000  # rows of a hub set's training split that become its validation split


@cache
def _sources() -> dict[str, dict[str, Any]]:
    return tomllib.loads(data_file("datasets.toml").read_text(encoding="utf-8"))


def load_texts(name: str, max_texts: int | None = None) -> DatasetDict:
    """Load a data set of `data/datasets.toml`: columns `text` and `label` in three splits.

    Args:
        name: "reviews", "guard", "opinions" or "sst2".
        max_texts: keep at most so many rows of each split, balanced by label as the file is.

    Raises:
        ValueError: there is no such data set.
        FileNotFoundError: its files are missing from this copy of the course.
    """
    if name not in _sources():
        raise ValueError(f"there is no data set {name!r}; choose one of: {', '.join(_sources())}")
    source = _sources()[name]
    return _load_local(source, max_texts) if "folder" in source else _load_hub(source, max_texts)


def _load_local(source: dict[str, Any], max_texts: int | None) -> DatasetDict:
    from datasets import ClassLabel, Dataset, DatasetDict, Features, NamedSplit, Value

    label, text = ClassLabel(names=source["labels"]), Value("string")
    features = Features(text=text, label=label, kind=text)
    dataset = DatasetDict()
    for split in SPLITS:
        with data_file(source["folder"], f"{split}.jsonl").open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in islice(lines, max_texts)]
        columns = {name: [row[name] for row in rows] for name in features}
        dataset[split] = Dataset.from_dict(columns, features, split=NamedSplit(split))
    return dataset


def _load_hub(source: dict[str, Any], max_texts: int | None) -> DatasetDict:
    from datasets import ClassLabel, DatasetDict, load_dataset

    dataset = load_dataset(source["hub"], revision=source["revision"])
    parts = dataset["train"].train_test_split(test_size=HELD_BACK, seed=0)
    splits = {"train": parts["train"], "validation": parts["test"], "test": dataset["validation"]}
    dataset = DatasetDict(splits).rename_column("sentence", "text").remove_columns("idx")
    dataset = dataset.cast_column("label", ClassLabel(names=source["labels"]))
    if max_texts is None:
        return dataset
    return DatasetDict(
        {split: rows.select(range(min(max_texts, len(rows)))) for split, rows in dataset.items()}
    )
