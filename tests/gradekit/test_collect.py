"""Collecting: every form people send, and nothing that a bad entry could do."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from gradekit.collect import collect, read_submission, submitted_file, submitted_students
from gradekit.course import CourseError
from gradekit.notebooks import load_lesson, notebook_text, student_notebook
from gradekit.reading import damage_of

LESSON = "02_feature_extraction"
NOTEBOOK = notebook_text(student_notebook(load_lesson(LESSON), "en")).encode()


@pytest.fixture(autouse=True)
def course_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADEKIT_COURSE", str(tmp_path / "course"))
    return tmp_path / "course"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def put(path: Path, content: bytes = NOTEBOOK) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name, (2026, 10, 1, 12, 30, 0)), content)
    return path


def test_folders_archives_and_notebooks_are_taken(inbox: Path) -> None:
    put(inbox / "ana" / f"{LESSON}.ipynb")
    put(inbox / "boris" / "deep" / f"Copy of {LESSON}.ipynb")
    put(inbox / "chen.ipynb")
    put(inbox / f"dora_{LESSON} (1).ipynb")
    archive(inbox / "emil.zip", {f"homework/{LESSON} (2).ipynb": NOTEBOOK, "__MACOSX/x.ipynb": b""})
    put(inbox / "expected.csv", b"ignored")
    collected = collect(inbox, LESSON)
    assert collected.problems == []
    assert collected.students == ["ana", "boris", "chen", "dora", "emil"]
    assert submitted_students(LESSON) == collected.students
    assert all(
        submitted_file(student, LESSON).read_bytes() == NOTEBOOK for student in collected.students
    )


def test_the_time_comes_from_timestamp_archive_or_file(inbox: Path) -> None:
    put(inbox / "ana" / f"{LESSON}.ipynb")
    put(inbox / "ana" / "timestamp.txt", b"2026-10-02 08:00:00 UTC\n")
    archive(inbox / "boris.zip", {f"{LESSON}.ipynb": NOTEBOOK})
    os.utime(put(inbox / "chen.ipynb"), (0, 1_700_000_000))
    collect(inbox, LESSON)
    times = [
        (submitted_file(student, LESSON).parent / "timestamp.txt").read_text().strip()
        for student in ("ana", "boris", "chen")
    ]
    assert times == ["2026-10-02 08:00:00 UTC", "2026-10-01 12:30:00", "2023-11-14 22:13:20"]


def test_a_second_submission_replaces_the_first(inbox: Path) -> None:
    path = put(inbox / "ana.ipynb", b"first")
    collect(inbox, LESSON)
    put(path)
    collect(inbox, LESSON)
    assert submitted_file("ana", LESSON).read_bytes() == NOTEBOOK


def test_one_bad_entry_stops_nobody(inbox: Path) -> None:
    put(inbox / "ana.ipynb")
    put(inbox / "boris.zip", b"not an archive")
    put(inbox / "chen" / "essay.ipynb")
    put(inbox / "dora.pdf")
    put(inbox / "..e;vil.ipynb")
    (inbox / "fay").symlink_to("/etc")
    put(inbox / "gus.ipynb", NOTEBOOK[:500])
    collected = collect(inbox, LESSON)
    assert collected.students == ["ana", "gus"]
    text = "\n".join(collected.problems)
    for part in (
        "boris.zip: is not a readable zip archive",
        f"chen: holds no clear {LESSON}.ipynb; found: essay.ipynb",
        "dora.pdf: is neither a folder, nor a .zip, nor an .ipynb",
        "fay: is a link",
        "gus: not a notebook: its JSON breaks off or is wrong in line",
    ):
        assert part in text


def test_an_archive_cannot_write_elsewhere(inbox: Path, course_root: Path) -> None:
    archive(inbox / "ana.zip", {f"../../../outside/{LESSON}.ipynb": NOTEBOOK})
    collect(inbox, LESSON)
    written = sorted(path for path in inbox.parent.rglob("*.ipynb"))
    assert written == [submitted_file("ana", LESSON)]


def test_an_archive_that_unpacks_to_gigabytes_is_refused(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradekit.collect.LARGEST_NOTEBOOK", 1000)
    bomb = archive(inbox / "ana.zip", {f"{LESSON}.ipynb": b"0" * 100_000})
    with pytest.raises(CourseError, match="too large"):
        read_submission(bomb, LESSON)


def test_two_candidates_are_not_guessed_between(inbox: Path) -> None:
    put(inbox / "ana" / f"{LESSON} (1).ipynb")
    put(inbox / "ana" / f"{LESSON} (2).ipynb")
    with pytest.raises(CourseError, match="holds no clear"):
        read_submission(inbox / "ana", LESSON)


def test_a_missing_inbox_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="is not a folder with submissions"):
        collect(tmp_path / "nowhere", LESSON)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe\x00", "is not text"),
        (b'{"cells": [', "line 1"),
        (b"[1, 2]", "JSON of another kind"),
        (b'{"nbformat": 4, "metadata": {}, "cells": {}}', "JSON of another kind"),
        (b" \n", "the file is empty"),
    ],
)
def test_damage_is_named(content: bytes, reason: str) -> None:
    assert reason in damage_of(content)


def test_a_sound_notebook_has_no_damage() -> None:
    assert damage_of(NOTEBOOK) is None


def test_a_zip_written_on_windows_is_read(inbox: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(f"homework\\{LESSON}.ipynb", NOTEBOOK)
    put(inbox / "ana.zip", buffer.getvalue())
    assert read_submission(inbox / "ana.zip", LESSON).content == NOTEBOOK
