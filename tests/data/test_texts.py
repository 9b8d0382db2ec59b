"""The labelled texts: size, balance, splits, and that pre-training pays on them."""

import numpy as np
import pytest
import torch
from datasets import ClassLabel, DatasetDict, concatenate_datasets
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from transformers import AutoModel, AutoTokenizer

from lessonkit import load_texts, model_folder
from lessonkit.checks.tiny import masked_mean

TASKS = ("reviews", "guard")
KINDS = {
    "reviews": {"plain", "negation", "contrast", "understatement", "irony"},
    "guard": {
        *("override", "role_play", "prompt_extraction", "obfuscated", "embedded_document"),
        *("multi_step", "request", "hard_words", "hard_document", "hard_role", "hard_encoded"),
    },
}
LABELS, DRAWS = 64, 10
NEAR_DUPLICATE = 0.5  # Jaccard similarity of character 5-grams; unrelated texts stay below 0.2


@pytest.fixture(scope="module", params=TASKS)
def task(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def data(task: str) -> DatasetDict:
    return load_texts(task)


def everything(data: DatasetDict):
    return concatenate_datasets([data[split] for split in data])


def test_there_are_enough_distinct_texts_of_fitting_length(data: DatasetDict) -> None:
    texts = everything(data)["text"][:]
    assert len({text.casefold() for text in texts}) == len(texts) >= 1200
    assert all(4 <= len(text.split()) <= 60 for text in texts)


def test_each_split_is_balanced_and_so_is_each_beginning(data: DatasetDict) -> None:
    assert set(data) == {"train", "validation", "test"}
    for rows in data.values():
        labels = np.array(rows["label"])
        assert abs(labels.mean() - 0.5) < 0.02
        assert abs(labels[:48].mean() - 0.5) < 0.02  # the grading profile takes so many


def test_labels_have_names(data: DatasetDict, task: str) -> None:
    feature = data["train"].features["label"]
    assert isinstance(feature, ClassLabel)
    assert feature.names == {"reviews": ["bad", "good"], "guard": ["ordinary", "injection"]}[task]


def test_every_kind_occurs_in_every_split(data: DatasetDict, task: str) -> None:
    for rows in data.values():
        assert set(rows["kind"]) == KINDS[task]


def test_no_near_duplicate_lies_across_splits(data: DatasetDict) -> None:
    rows = everything(data)
    split = np.concatenate([np.full(len(data[name]), i) for i, name in enumerate(data)])
    similar = jaccard(rows["text"][:]) > NEAR_DUPLICATE
    across = similar & (split[:, None] != split[None, :])
    assert not across.any(), [rows[int(i)]["text"] for i in np.argwhere(across)[0]]


def test_jaccard_sees_a_near_duplicate() -> None:
    texts = ["The parcel arrived two days late.", "the parcel arrived 2 days late!", "Cold soup."]
    similarity = jaccard(texts)
    assert similarity[0, 1] > NEAR_DUPLICATE > similarity[0, 2]


def test_bags_of_words_do_not_solve_the_task(data: DatasetDict) -> None:
    words = tfidf(data["train"]["text"][:], data["train"]["label"])
    assert words.score(data["test"]["text"][:], data["test"]["label"]) < 0.92


def test_a_frozen_encoder_leads_by_eight_points_at_64_labels(data: DatasetDict) -> None:
    texts = {split: np.array(data[split]["text"]) for split in ("train", "test")}
    labels = {split: np.array(data[split]["label"]) for split in ("train", "test")}
    features = {split: encode(list(texts[split])) for split in texts}
    draws = StratifiedShuffleSplit(DRAWS, train_size=LABELS, random_state=0)
    lead = []
    for rows, _ in draws.split(labels["train"], labels["train"]):
        head = LogisticRegression(max_iter=1000).fit(features["train"][rows], labels["train"][rows])
        words = tfidf(texts["train"][rows], labels["train"][rows])
        lead.append(
            head.score(features["test"], labels["test"])
            - words.score(texts["test"], labels["test"])
        )
    assert np.mean(lead) >= 0.08, f"mean lead {np.mean(lead):.3f} ± {np.std(lead):.3f}"


def test_max_texts_takes_a_beginning() -> None:
    assert {len(rows) for rows in load_texts("reviews", 10).values()} == {10}


def test_an_unknown_set_is_named() -> None:
    with pytest.raises(ValueError, match=r"there is no data set 'poems'.*reviews"):
        load_texts("poems")


def jaccard(texts: list[str]) -> np.ndarray:
    """Similarity of every two texts by their sets of character 5-grams."""
    grams = CountVectorizer(analyzer="char_wb", ngram_range=(5, 5), binary=True)
    sets = grams.fit_transform(texts)
    shared = (sets @ sets.T).toarray()
    sizes = shared.diagonal()
    return shared / (sizes[:, None] + sizes[None, :] - shared)


def tfidf(texts: list[str], labels: list[int]):
    return make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(texts, labels)


@torch.inference_mode()
def encode(texts: list[str], size: int = 64) -> np.ndarray:
    folder = model_folder("encoder")
    tokenizer, encoder = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    features = torch.empty(len(texts), encoder.config.hidden_size)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        batch = tokenizer(
            [texts[i] for i in rows], padding=True, truncation=True, return_tensors="pt"
        )
        hidden = encoder.eval()(**batch).last_hidden_state
        features[rows] = masked_mean(hidden, batch["attention_mask"])
    return torch.nn.functional.normalize(features).numpy()
