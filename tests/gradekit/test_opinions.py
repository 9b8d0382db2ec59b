"""Lesson 01's labelled task: files as generated, and no label word on both sides."""

import re

from gradekit.opinions import LABELS, LISTS, OPINIONS, label_words, opinion_files
from lessonkit import corpus, load_texts
from lessonkit.corpus import read_world


def test_the_files_are_what_the_generator_gives() -> None:
    wanted = opinion_files()
    kept = {path.name: path.read_text(encoding="utf-8") for path in OPINIONS.iterdir()}
    assert kept == wanted, "run `gradekit opinions`"


def words_of(split: str) -> set[str]:
    texts = load_texts("opinions")[split][:]["text"]
    return {word for text in texts for word in re.findall(r"[a-z]+", text.lower())}


def test_no_label_word_of_the_test_stands_in_a_labelled_text() -> None:
    lists = read_world()["lists"]
    carriers = {word for names in LISTS.values() for name in names for word in lists[name]}
    labelled = (words_of("train") | words_of("validation")) & carriers
    assert labelled
    assert words_of("test") & carriers
    assert not labelled & words_of("test")


def test_every_label_word_stands_in_the_corpus() -> None:
    told = set(re.findall(r"[a-z]+", " ".join(corpus.build_corpus()).lower()))
    for kind in ("seen", "unseen"):
        for adjectives, verbs in label_words(kind).values():
            assert {*adjectives, *verbs} <= told


def test_each_split_is_balanced_and_says_nothing_twice() -> None:
    data = load_texts("opinions")
    for rows in data.values():
        assert rows.features["label"].names == list(LABELS)
        assert sum(rows[:]["label"]) * 2 == len(rows)
    texts = [text for rows in data.values() for text in rows[:]["text"]]
    assert len(set(texts)) == len(texts)
