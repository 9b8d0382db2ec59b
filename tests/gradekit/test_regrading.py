"""Graded again is what changed, and nothing else; what a person gave stays."""

import json
import resource
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gradekit import grading, judging, keys, recording
from gradekit.course import CourseError
from gradekit.grading import autograded_file, check_files, grade_class
from gradekit.jobs import Setting
from gradekit.recording import open_gradebook
from gradekit.results import load_result, result_file
from tests.gradekit import fake_worker
from tests.gradekit.fake_grader import Rows, executed, files_of, gradebook_rows, put_submission
from tests.gradekit.submissions import LESSON, answered, as_bytes

STUDENTS = ["ana", "boris", "late-chen"]


@pytest.fixture
def course(new_course: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with three graded submissions, and a grader that answers at once."""
    root = new_course("course")
    monkeypatch.setenv("GRADEKIT_COURSE", str(root))
    monkeypatch.setenv(fake_worker.EXECUTIONS, str(root / "executions"))
    monkeypatch.setenv(fake_worker.SECONDS, "0")
    fake_worker.take_place(monkeypatch.setattr)
    put_submission(root, "ana", as_bytes(answered()))
    put_submission(root, "boris", as_bytes(answered(letters={4: "B"})))
    put_submission(root, "late-chen", as_bytes(answered()), day=14)
    assert grade() == STUDENTS
    return root


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    yield
    for cached in (grading._course_digest, keys.quiz_key, keys._hidden_seeds):
        cached.cache_clear()


def grade(**setting: object) -> list[str]:
    """Grade the class; return whose notebook was run."""
    grading._course_digest.cache_clear()
    return sorted(grade_class(LESSON, Setting(**setting), show_progress=False).run)


def scores() -> dict[str, tuple[float, float]]:
    """Return student -> score, penalty."""
    with open_gradebook() as gradebook:
        return {
            student: (entry.score, entry.late_submission_penalty or 0.0)
            for student in STUDENTS
            for entry in [gradebook.find_submission(LESSON, student)]
        }


def test_nothing_is_run_twice(course: Path) -> None:
    before = gradebook_rows(Rows(course / "gradebook.db")), files_of(course)
    assert grade() == []
    assert (gradebook_rows(Rows(course / "gradebook.db")), files_of(course)) == before


def test_a_changed_submission_is_run_again(course: Path) -> None:
    put_submission(course, "ana", as_bytes(answered(letters={4: "A", 5: "A"})))
    assert grade() == ["ana"]
    put_submission(course, "boris", as_bytes(answered(letters={4: "B"})), day=16)
    assert grade() == ["boris"]
    assert scores()["boris"][1] > 0


def test_a_new_submission_alone_is_run(course: Path) -> None:
    put_submission(course, "dora", as_bytes(answered(language="ru")))
    assert grade() == ["dora"]


def test_a_submission_that_became_unreadable_loses_its_entry(course: Path) -> None:
    put_submission(course, "ana", b"{")
    assert grade() == ["ana"]
    assert load_result("ana", LESSON).unreadable
    assert not autograded_file("ana", LESSON).exists()
    owners = [row["student_id"] for row in Rows(course / "gradebook.db")("submitted_assignment")]
    assert sorted(owners) == ["boris", "late-chen"]
    assert grade() == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"marks": 3}', b"\xff", b'{"cell_seconds": []}']
)
def test_a_corrupt_result_is_made_again(course: Path, content: bytes) -> None:
    path = result_file("ana", LESSON)
    whole = path.read_bytes()
    path.write_bytes(content)
    assert grade() == ["ana"]
    assert path.read_bytes() == whole


def test_anothers_result_does_not_count(course: Path) -> None:
    own = result_file("ana", LESSON)
    raw = json.loads(result_file("boris", LESSON).read_text())
    raw["fingerprint"] = load_result("ana", LESSON).fingerprint
    own.write_text(json.dumps(raw))
    assert grade() == ["ana"]


def test_a_missing_graded_notebook_is_made_again(course: Path) -> None:
    autograded_file("boris", LESSON).unlink()
    assert grade() == ["boris"]
    assert autograded_file("boris", LESSON).is_file()


def test_changed_limits_run_everything_again(course: Path) -> None:
    assert grade(limits={"cell_seconds": 5}) == STUDENTS
    assert grade(limits={"cell_seconds": 5}) == []


def test_a_changed_key_runs_everything_again(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = json.loads(json.dumps(keys.quiz_key(LESSON)))
    changed = {int(number): question for number, question in key.items()}
    changed[4]["correct"] = "B" if changed[4]["correct"] != "B" else "A"
    for module in (grading, judging, recording):
        monkeypatch.setattr(module, "quiz_key", lambda _lesson: changed)
    assert grade() == STUDENTS


def test_a_changed_seed_runs_everything_again(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = {**keys._hidden_seeds(), "pool": 4711}
    monkeypatch.setattr(keys, "_hidden_seeds", lambda: seeds)
    assert grade() == STUDENTS


def test_a_changed_lesson_runs_everything_again(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = grading.released_code(LESSON)
    changed = first.__class__(first.name, first.ids, (first.sources[0] + "\n#",) * 2, first.graded)
    monkeypatch.setattr(grading, "released_code", lambda _lesson: (changed, *rest))
    assert grade() == STUDENTS


def test_a_changed_check_runs_its_own_lessons_alone(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [path.name for path in check_files(LESSON)]
    assert {"core.py", "feature_extraction.py"} <= set(files)
    assert not any("pretraining_objectives" in path.parts for path in check_files(LESSON))
    assert "feature_extraction.py" not in {
        path.name for path in check_files("01_pretraining_objectives")
    }
    other = tmp_path / "check.py"
    other.write_text("changed = True\n")
    monkeypatch.setattr(grading, "check_files", lambda _lesson: [other])
    assert grade() == STUDENTS


def test_a_changed_late_policy_runs_nothing(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    score, penalty = scores()["late-chen"]
    assert penalty == pytest.approx(0.2 * score)
    changed = {**recording.settings(), "late": {"share_per_day": 0.25, "most": 0.3}}
    monkeypatch.setattr(recording, "settings", lambda: changed)
    assert grade() == []
    assert scores()["late-chen"][1] == pytest.approx(0.3 * score)
    assert scores()["ana"][1] == 0


def test_what_a_person_gave_survives(course: Path) -> None:
    with open_gradebook() as gradebook:
        place = (LESSON, LESSON, "ana")
        grade_entry = gradebook.find_grade("check-pool", *place)
        grade_entry.manual_score, grade_entry.extra_credit = 1.5, 0.5
        grade_entry.needs_manual_grade = False
        gradebook.find_comment("exercise-pool", *place).manual_comment = "Well done."
        gradebook.db.commit()
    grade()
    assert looked_at() == (1.5, 0.5, False, "Well done.")
    result_file("ana", LESSON).unlink()
    assert grade() == ["ana"]  # to the same points
    assert looked_at() == (1.5, 0.5, False, "Well done.")
    for name in ("right_loop", "right_einsum", "reference"):
        put_submission(course, "ana", as_bytes(answered(answers={"pool": name})))
        before = automatic()
        grade()
        if automatic() != before:
            break
    else:
        pytest.fail("the fake grader gives all of these answers the same points")
    assert looked_at() == (1.5, 0.5, True, "Well done.")
    grade()
    assert looked_at() == (1.5, 0.5, True, "Well done.")


def automatic() -> float:
    with open_gradebook() as gradebook:
        return gradebook.find_grade("check-pool", LESSON, LESSON, "ana").auto_score


def looked_at() -> tuple[float, float, bool, str]:
    with open_gradebook() as gradebook:
        entry = gradebook.find_grade("check-pool", LESSON, LESSON, "ana")
        comment = gradebook.find_comment("exercise-pool", LESSON, LESSON, "ana")
        return (
            entry.manual_score,
            entry.extra_credit,
            entry.needs_manual_grade,
            comment.manual_comment,
        )


def test_cells_of_a_later_release_are_added_to_entries(course: Path) -> None:
    before = gradebook_rows(Rows(course / "gradebook.db"))
    with sqlite3.connect(course / "gradebook.db") as connection:
        connection.execute("DELETE FROM grade WHERE rowid % 3 = 0")
        connection.execute("DELETE FROM comment WHERE rowid % 2 = 0")
    grade()
    assert gradebook_rows(Rows(course / "gradebook.db")) == before


@pytest.mark.parametrize("largest", [0, 20_000, 150_000])
def test_a_full_disk_ends_in_a_clear_line_and_loses_nothing(course: Path, largest: int) -> None:
    """Files may not grow beyond a size: none, smaller than a notebook, smaller than a database."""
    put_submission(course, "dora", as_bytes(answered()))
    before = gradebook_rows(Rows(course / "gradebook.db")), files_of(course)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        with pytest.raises(CourseError, match=r"cannot be (written|opened)") as stopped:
            grade()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert "\n" not in str(stopped.value)
    kept = files_of(course)
    assert all(kept[name] == content for name, content in before[1].items())
    assert grade() in (["dora"], [])
    assert sorted(executed(course / "executions")).count("ana") == 1
    with open_gradebook() as gradebook:
        assert gradebook.find_submission(LESSON, "dora").score > 0
