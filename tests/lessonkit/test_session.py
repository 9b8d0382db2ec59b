"""Beginning a lesson: language, profile, versions, and objectives that tick themselves."""

import pytest

from lessonkit import session
from lessonkit.cards import Card
from lessonkit.messages import LANGUAGES, objectives
from lessonkit.profiles import PROFILES, choose_profile
from lessonkit.session import begin


def test_versions_and_device_are_printed(capsys: pytest.CaptureFixture) -> None:
    begin("02", profile="cpu")
    printed = capsys.readouterr().out
    assert "torch 2." in printed
    assert "device: " in printed
    assert "profile: cpu" in printed


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="en, ru"):
        begin("02", language="de")


def test_the_environment_chooses_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_PROFILE", "grading")
    assert choose_profile() is PROFILES["grading"]
    assert choose_profile("large") is PROFILES["large"]


@pytest.mark.parametrize(("has_gpu", "expected"), [(True, "gpu"), (False, "cpu")])
def test_without_a_choice_the_machine_decides(
    has_gpu: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LESSON_PROFILE", raising=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: has_gpu)
    assert choose_profile().name == expected


@pytest.mark.parametrize("name", ["gpu", "large"])
def test_lesson_05_searches_no_longer_where_there_is_a_gpu(name: str) -> None:
    """Beside the lesson's one weak reference a full search accuses the clean guard."""
    assert PROFILES[name].trigger_search == PROFILES["cpu"].trigger_search


def test_an_unknown_profile_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="cpu, gpu, large, grading"):
        choose_profile("huge")


@pytest.mark.parametrize("language", LANGUAGES)
def test_objectives_tick_when_their_exercises_pass(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []

    class Handle:
        def update(self, html) -> None:
            pages.append(html.data)

    def display(html, display_id: bool) -> Handle:
        pages.append(html.data)
        return Handle()

    monkeypatch.setattr(session, "display", display)
    course = begin("02", language=language, profile="cpu")
    course.objectives()
    course.record_pass("freeze")
    course.record_pass("FeatureExtractor")
    ticked = [page.count("&#9745;") for page in pages]
    assert ticked == [0, 0, 1]
    assert objectives("02")[0][language].split("`")[0] in pages[0]


def test_a_card_escapes_what_it_shows() -> None:
    html = Card("bad", "`x` & <b>", "<script>")._repr_html_()
    assert "<script>" not in html
    assert "<code>x</code> &amp; &lt;b&gt;" in html
