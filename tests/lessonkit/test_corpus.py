"""The corpus: same seed same text, large enough, sentences whole."""

import hashlib

import pytest

from lessonkit import corpus


def test_the_corpus_is_the_same_everywhere() -> None:
    text = "\n".join(corpus.generate_corpus(seed=7, sentences=500))
    assert hashlib.sha256(text.encode()).hexdigest().startswith("dae15f6426060fc3")


def test_another_seed_tells_other_stories() -> None:
    first, second = (set(corpus.generate_corpus(seed, 300)) for seed in (0, 1))
    assert len(first & second) < 0.1 * len(first)


def test_the_lessons_corpus_is_large_and_holds_the_written_stories() -> None:
    texts = corpus.build_corpus()
    assert sum(len(text.encode()) for text in texts) > 1_000_000
    stories = corpus.read_stories()
    assert len(stories) >= 140
    assert set(stories) <= set(texts)


def test_generated_sentences_are_whole() -> None:
    for text in corpus.generate_corpus(seed=3, sentences=3000):
        assert text[0].isupper()
        assert text[-1] in ".!?"
        assert not set(text) & set("{}|()")
        assert "  " not in text
        assert " ".join(corpus.split_sentences(text)) == text


def test_words_of_praise_and_blame_seldom_share_a_story() -> None:
    lists = corpus.read_world()["lists"]
    mixed = 0
    texts = corpus.generate_corpus(seed=5, sentences=6000)
    for text in texts:
        words = set(text.lower().replace(".", " ").replace(",", " ").split())
        mixed += bool(words & set(lists["praise"]) and words & set(lists["blame"]))
    assert mixed < 0.05 * len(texts)


def test_a_negative_number_of_sentences_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        corpus.generate_corpus(sentences=-1)
