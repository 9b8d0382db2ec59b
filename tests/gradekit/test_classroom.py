"""Grading goes on where one submission ends nbgrader's run."""

from pathlib import Path

import pytest

from gradekit import classroom

LESSON = "02_feature_extraction"
STUDENTS = ["ana", "boris", "chen", "dora"]


@pytest.fixture
def attempts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A stand-in for nbgrader that stops its whole run at boris and skips dora alone."""
    tried: list[list[str]] = []
    monkeypatch.setattr(classroom, "COURSE_ROOT", tmp_path)
    monkeypatch.setattr(classroom, "submitted_students", lambda _lesson: STUDENTS)

    def run(_command: str, lesson: str, *options: str, may_fail: bool = False) -> str:
        excluded = "".join(options[1:]).partition("=")[2].split(",")
        tried.append([student for student in STUDENTS if student not in excluded])
        for student in tried[-1]:
            if student == "boris":
                return "stopped"
            if student != "dora":
                path = classroom._autograded_file(student, lesson)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        return ""

    monkeypatch.setattr(classroom, "run_nbgrader", run)
    return tried


def test_the_run_is_taken_up_behind_the_one_it_stopped_at(attempts: list[list[str]]) -> None:
    failed = classroom._autograde_past_failures(STUDENTS, LESSON)
    assert failed == ["boris", "dora"]
    assert attempts == [STUDENTS, ["chen", "dora"]]


def test_an_older_result_does_not_pass_for_a_new_one(attempts: list[list[str]]) -> None:
    old = classroom._autograded_file("boris", LESSON)
    old.parent.mkdir(parents=True)
    old.touch()
    assert "boris" in classroom._autograde_past_failures(["ana", "boris"], LESSON)
