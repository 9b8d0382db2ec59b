"""Alike submissions: copies are found however disguised, honest work is left alone."""

import random
import time
from dataclasses import replace

import pytest

from gradekit.answers import answers_of
from gradekit.course import lesson_names
from gradekit.report import alike_submissions
from gradekit.results import Result
from gradekit.similarity import RUN, find_alike, tokens_of, winnow
from tests.gradekit.synthetic_class import disguised, synthetic_class

LESSON = "02_feature_extraction"


def words(code: str) -> list[str]:
    return [token.text for token in tokens_of(code)]


PLAIN = """\
def pool(outputs, attention_mask, how="mean"):
    hidden = outputs.last_hidden_state
    if how == "cls":
        return hidden[:, 0]
    mask = attention_mask.unsqueeze(-1)
    return (hidden * mask).sum(1) / mask.sum(1)
"""
DISGUISED = '''\
def pool(o, m, kind='mean'):
    """Pools. "Really" """
    h = o.last_hidden_state   # the states
    if (kind == 'cls'):
        return h[
            :,
            0,
        ]

    weights = m.unsqueeze( -1 )
    return ((h * weights).sum(1)) / (weights.sum(1))
'''


def test_names_comments_docstrings_and_layout_do_not_count() -> None:
    assert words(PLAIN) == words(DISGUISED)


def test_what_the_code_does_counts() -> None:
    assert words(PLAIN) != words(PLAIN.replace("sum(1)", "mean(1)"))
    assert words(PLAIN) != words(PLAIN.replace('"cls"', '"pooler"'))
    assert words("a = b + c") != words("a = b - c")


@pytest.mark.parametrize(
    "code",
    [
        "def f(:\n  return ((",
        "x = '''never closed",
        "\x00\ufeff\u202e \\ ` $ ?",
        '"' * 10_000,
        "'''" * 5_000,
        "(" * 50_000,
        "f'{x!r:{w}}' rb'\\'' 0x1F 1_000 1e-9 ...",
        "",
    ],
)
def test_code_of_any_kind_is_read_at_once(code: str) -> None:
    start = time.process_time()
    winnow(tokens_of(code))
    assert time.process_time() - start < 1


def test_every_long_enough_passage_in_common_is_noticed() -> None:
    rng = random.Random(0)
    common = [rng.choice("abcdefgh") for _ in range(11)]
    for _ in range(50):
        codes = []
        for _ in range(2):
            before = [rng.choice("pqrstuvw") for _ in range(rng.randrange(3, 30))]
            codes.append(" ".join(f".{word}" for word in before + common + before[::-1]))
        first, second = (winnow(tokens_of(code)) for code in codes)
        assert first.keys() & second.keys()


def test_lines_of_tokens_are_those_of_the_code() -> None:
    tokens = tokens_of('x = 1\n\n"""a\nb"""\ny = """c\nd"""\nz = 2')
    assert [(t.text, t.line) for t in tokens if t.text in "12"] == [("1", 0), ("2", 6)]


@pytest.mark.parametrize("lesson", lesson_names())
@pytest.mark.parametrize("background", [False, True])
def test_independently_written_answers_of_the_bank_are_not_accused(
    lesson: str, background: bool
) -> None:
    right: dict[str, list[str]] = {}
    for answer in answers_of(lesson):
        if answer.hint is None:
            right.setdefault(answer.exercise, []).append(answer.source)
    students = max(len(answers) for answers in right.values())
    submissions = {
        f"student{i}": {name: codes[i] for name, codes in right.items() if i < len(codes)}
        for i in range(students)
    }
    bank = [(a.exercise, a.source) for a in answers_of(lesson)] if background else []
    assert find_alike(submissions, {}, bank) == []


@pytest.mark.parametrize("seed", range(3))
def test_disguised_copies_in_a_class_are_found_and_nobody_else(seed: int) -> None:
    results = synthetic_class("01_pretraining_objectives", 60, seed=seed)
    rng = random.Random(seed)
    copies = [disguised(results[i], f"copy{i}", rng) for i in (3, 17)]
    groups = alike_submissions("01_pretraining_objectives", [*results, *copies])
    expected = {("copy17", results[17].student), ("copy3", results[3].student)}
    assert {group.students for group in groups} == expected
    for group in groups:
        assert group.pairs[0].share > 0.95
        assert all(any(side.shared) for p in group.pairs[0].passages for side in (p.left, p.right))


def test_a_copy_is_found_in_a_small_class() -> None:
    results = synthetic_class(LESSON, 12, seed=4)
    copy = disguised(results[5], "zed", random.Random(1))
    groups = alike_submissions(LESSON, [*results, copy])
    assert [group.students for group in groups] == [(results[5].student, "zed")]


def test_a_copy_that_does_not_parse_is_found() -> None:
    lesson = "01_pretraining_objectives"
    results = synthetic_class(lesson, 40, seed=6)
    broken = {
        name: code.replace("return", "retrun ((", 1) for name, code in results[8].sources.items()
    }
    copy = replace(results[8], student="zed", sources=broken)
    groups = alike_submissions(lesson, [*results, copy])
    assert (results[8].student, "zed") in [group.students for group in groups]


def test_several_who_share_are_one_group() -> None:
    results = synthetic_class("01_pretraining_objectives", 40, seed=7)
    rng = random.Random(2)
    copies = [disguised(results[9], f"zed{i}", rng) for i in range(3)]
    groups = alike_submissions("01_pretraining_objectives", [*results, *copies])
    assert [group.students for group in groups] == [(results[9].student, "zed0", "zed1", "zed2")]


def test_the_stub_alone_is_no_likeness() -> None:
    stub = {"pool": PLAIN}
    submissions = {name: {"pool": PLAIN} for name in ("ana", "boris", "chen")}
    assert find_alike(submissions, stub, []) == []


def test_what_everybody_writes_is_no_likeness() -> None:
    submissions = {f"s{i}": {"pool": PLAIN, "freeze": PLAIN * 2} for i in range(30)}
    assert find_alike(submissions, {}, []) == []


def test_hundreds_take_seconds() -> None:
    sources = {result.student: result.sources for result in synthetic_class(LESSON, 300, seed=8)}
    start = time.process_time()
    find_alike(sources)
    assert time.process_time() - start < 20


@pytest.mark.parametrize("number", [0, 1])
def test_too_few_to_compare(number: int) -> None:
    assert find_alike({f"s{i}": {"pool": PLAIN} for i in range(number)}) == []


def test_a_result_is_left_as_it_is() -> None:
    results = synthetic_class(LESSON, 5, seed=9)
    before = [result.to_json() for result in results]
    alike_submissions(LESSON, results)
    assert [result.to_json() for result in results] == before
    assert all(isinstance(result, Result) for result in results)
    assert RUN == 8
