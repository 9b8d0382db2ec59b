"""The class report: its numbers, and that nothing a student wrote becomes more than text."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from gradekit import cli
from gradekit.keys import quiz_key
from gradekit.report import ENOUGH, NO_ANSWER, discrimination, shortened, summarise
from gradekit.report_page import chart, render, seconds
from gradekit.results import Incident, Mark, Result, save_result
from tests.gradekit.small_course import use_course
from tests.gradekit.synthetic_class import synthetic_class

LESSON = "02_feature_extraction"
EXERCISES = ("freeze", "pool", "FeatureExtractor", "extract_features", "linear_probe")
EVIL = (
    "</td><script>alert(1)</script>\"'><img src=x onerror=alert(2)> {{ 7*7 }} \x00\u202e"
    + "x" * 5000
)


def result(student: str, points: float = 3.0, **changes: object) -> Result:
    marks = (
        Mark("check-pool", points, 3.0, hint=None if points == 3 else "padding_counted"),
        Mark("quiz-4", 2.0, 2.0, answer=quiz_key(LESSON)[4]["correct"]),
    )
    fields = {"fingerprint": "", "handed_in": "", "marks": marks, "seconds": 3.0}
    return Result(student=student, lesson=LESSON, **{**fields, **changes})


@pytest.fixture(scope="module")
def big() -> list[Result]:
    return synthetic_class(LESSON, 120, seed=3, copies=3)


def test_discrimination_is_the_correlation_with_everything_else() -> None:
    rng = np.random.default_rng(0)
    rest = rng.normal(size=200)
    own = (rest + rng.normal(size=200) > 0).astype(float)
    correlation, difference = discrimination(own, rest)
    group = round(0.27 * 200)
    order = rest.argsort()
    assert correlation == pytest.approx(np.corrcoef(own, rest)[0, 1])
    assert difference == pytest.approx(own[order[-group:]].mean() - own[order[:group]].mean())
    assert correlation > 0.4
    assert discrimination(1 - own, rest)[0] == pytest.approx(-correlation)


def test_a_few_submissions_say_nothing_about_discrimination() -> None:
    rest = np.arange(ENOUGH - 1.0)
    assert discrimination((rest > 9).astype(float), rest) == (None, None)
    assert discrimination(np.ones(50), np.arange(50.0)) == (None, None)
    page = render(summarise(LESSON, [result("ana"), result("boris", 0.0)]))
    assert "too few" in page


def test_the_numbers_are_those_of_the_class(big: list[Result]) -> None:
    report = summarise(LESSON, big, ["zoe"])
    points = [r.points for r in big]
    assert report.students == 120
    assert report.scores.mean == pytest.approx(np.mean(points))
    assert report.scores.median == pytest.approx(np.median(points))
    assert sum(count for *_, count in report.scores.bars) == 120
    assert report.ungraded == ("zoe",)
    for item in (*report.exercises, *report.questions):
        marks = [m for r in big for m in r.marks if m.grade_id == item.grade_id]
        assert item.count == len(marks)
        assert item.share == pytest.approx(np.mean([m.points / m.out_of for m in marks]))
        assert item.solved == sum(m.points == m.out_of for m in marks)
    for item in report.questions:
        assert sum(item.letters.values()) == item.count
        assert item.letters[item.right] == item.solved
        assert NO_ANSWER in item.letters
    hints = [(m.grade_id, m.hint) for r in big for m in r.marks if m.hint]
    assert report.hints[0].students == max(hints.count(hint) for hint in set(hints))
    assert sum(len(found) for found in report.incidents.values()) == sum(
        len(r.incidents) for r in big
    )
    assert len(report.alike) == 3


def test_hints_are_shown_with_their_text(big: list[Result]) -> None:
    page = render(summarise(LESSON, big))
    assert "Every parameter still trains." in page
    assert "<code>requires_grad</code>" in page


def test_a_hint_that_the_lesson_no_longer_has_is_named() -> None:
    old = result("ana", marks=(Mark("check-pool", 0.0, 3.0, hint="of_last_year"),))
    assert "no longer has the hint of_last_year" in render(summarise(LESSON, [old]))


def hostile() -> list[Result]:
    marks = (
        Mark("check-freeze", 0.0, 2.0, "raised", {"type": EVIL, "message": EVIL, "line": EVIL}),
        Mark(f"check-{EVIL}", 0.0, 2.0, EVIL, {EVIL: EVIL}),
        Mark("quiz-4", 0.0, 2.0, answer=EVIL),
    )
    code = "def pool(outputs):\n" + "".join(
        f"    outputs.step{i}('{EVIL[:200]}')\n" for i in range(30)
    )
    incidents = tuple(Incident(kind, EVIL, 3) for kind in ("tampering", EVIL))
    evil = result(
        EVIL[:80],
        marks=marks,
        incidents=incidents,
        repairs=(EVIL,) * 50,
        sources=dict.fromkeys((*EXERCISES, EVIL[:50]), code),
        cell_seconds={5: 2.0, 10_000: 1.0},
    )
    others = [result(f"s{i}") for i in range(30)]
    return [evil, replace(evil, student="copy"), *others]


def test_nothing_a_student_wrote_is_more_than_text() -> None:
    report = summarise(LESSON, hostile(), [EVIL])
    page = render(report)
    assert report.alike, "the copied code should be on the page, too"
    soup = BeautifulSoup(page, "html.parser")
    assert {tag.name for tag in soup.find_all(True)}.isdisjoint({"script", "img", "iframe", "link"})
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            assert not name.startswith("on")
            assert name not in ("src", "srcdoc", "action")
            assert name != "href" or value.startswith("#")
            assert name != "style" or re.fullmatch(r"width:[\d.]+(%|rem)", value)
    assert "default-src 'none'" in page
    assert "49 " not in page.replace("{{ 7*7 }}", "")
    assert len(page) < 400_000
    assert "x" * 400 not in page


def test_long_text_is_cut() -> None:
    assert shortened("a\n b\t" + "x" * 1000) == "a b " + "x" * 295 + "…"


def test_the_chart_fits_its_frame(big: list[Result]) -> None:
    drawn = chart(summarise(LESSON, big).scores)
    assert len(drawn["bars"]) == 20
    assert all(0 <= bar["y"] <= drawn["height"] for bar in drawn["bars"])
    assert max(bar["height"] for bar in drawn["bars"]) == drawn["height"]
    assert drawn["ticks"][-1]["text"] == "20"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00123, "1.2 ms"),
        (0.25, "0.25 s"),
        (12.4, "12 s"),
        (61.0, "1 min 1 s"),
        (59.96, "1 min 0 s"),
    ],
)
def test_times_read_well(value: float, text: str) -> None:
    assert seconds(value) == text


def test_one_submission_makes_a_page() -> None:
    assert "<b>1</b>" in render(summarise(LESSON, [result("ana", seconds=0.0)]))


def test_the_command_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    course = use_course(tmp_path, monkeypatch)
    assert cli.main(["report", "02"]) == 1
    assert "has not been graded" in capsys.readouterr().err
    for student in ("ana", "boris"):
        save_result(result(student))
    (course / "results" / LESSON / "torn.json").write_text("{")
    assert cli.main(["report", "02"]) == 0
    page = (course / "reports" / f"{LESSON}.html").read_text(encoding="utf-8")
    assert "<b>2</b><span>graded submissions</span>" in page
