"""A gradebook on a real PostgreSQL server, also with several graders at once."""

import multiprocessing
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from gradekit import classroom, cli
from gradekit.course import CourseError
from gradekit.recording import open_gradebook
from tests.gradekit import fake_grader, fake_worker
from tests.gradekit.fake_grader import gradebook_rows, put_class, put_submission
from tests.gradekit.submissions import LESSON, answered, as_bytes

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.gradekit.fake_grader"])


def programs() -> Path:
    """Return the folder of the server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        message = "no PostgreSQL server is installed (Debian: `apt install postgresql`)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return found[-1].parent


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """A server that listens on a Unix socket in the folder returned, and nowhere else."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        command = [str(programs() / program), "-D", str(data), *arguments]
        subprocess.run(command, user=user, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        run("initdb", "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield folder
        run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def address(server: Path, database: str = "postgres") -> str:
    return f"postgresql://postgres@/{database}?host={server}"


def dialect(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg2://")


@pytest.fixture
def url(server: Path, request: pytest.FixtureRequest) -> str:
    """The address of an empty database."""
    name = f"test_{abs(hash(request.node.name))}"
    engine = create_engine(dialect(address(server)), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return address(server, name)


def rows_on(url: str) -> Callable[[str], list[dict[str, Any]]]:
    def rows_of(table: str) -> list[dict[str, Any]]:
        engine = create_engine(dialect(url))
        with engine.connect() as connection:
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).mappings().all()
        engine.dispose()
        return [dict(row) for row in rows]

    return rows_of


def environment_of(course: Path, url: str) -> dict[str, str]:
    return {
        "GRADEKIT_COURSE": str(course),
        "GRADEBOOK_URL": url,
        fake_worker.EXECUTIONS: str(course / "executions"),
        fake_worker.SECONDS: "0.01",
    }


@pytest.fixture
def course(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course whose lesson is released into the server's gradebook, with a class collected."""
    root = tmp_path / "course"
    for name, value in environment_of(root, url).items():
        monkeypatch.setenv(name, value)
    fake_worker.take_place(monkeypatch.setattr)
    classroom.release(LESSON)
    put_class(root)
    return root


def test_release_autograde_feedback_and_grades_work(
    course: Path, url: str, capsys: pytest.CaptureFixture
) -> None:
    put_submission(course, "zoe", as_bytes(answered()))
    for command in ("autograde", "feedback", "grades"):
        assert cli.main([command, "02"]) == 0, capsys.readouterr().err
    assert not (course / "gradebook.db").exists()
    assert len(rows_on(url)("submitted_assignment")) == 12
    assert (course / "feedback" / "zoe" / LESSON / f"{LESSON}.html").is_file()
    table = (course / f"grades_{LESSON}.csv").read_text().splitlines()
    assert len(table) == 14
    assert cli.main(["autograde", "02"]) == 0
    assert "0 run, 13 unchanged" in capsys.readouterr().out


def test_two_graders_at_once_end_in_one_graders_gradebook(
    course: Path, url: str, tmp_path: Path
) -> None:
    """Two machines that share the server, each with a copy of the course's folder."""
    folders = [Path(shutil.copytree(course, tmp_path / name)) for name in ("one", "two")]
    heads = [start_head(folder, url) for folder in folders]
    assert [ended(head) for head in heads] == [0, 0]
    both = gradebook_rows(rows_on(url))
    assert len(both["submitted_assignment"]) == 11
    with open_gradebook() as gradebook:
        for student in [s.id for s in gradebook.students]:
            gradebook.remove_student(student)
    assert ended(start_head(Path(shutil.copytree(course, tmp_path / "three")), url)) == 0
    assert gradebook_rows(rows_on(url)) == both


def test_two_graders_in_one_folder_share_the_work(course: Path, url: str) -> None:
    heads = [start_head(course, url) for _ in range(2)]
    assert [ended(head) for head in heads] == [0, 0]
    assert len(fake_grader.executed(course / "executions")) == 11
    assert len(rows_on(url)("submitted_assignment")) == 11


def start_head(course: Path, url: str):
    head = FORKS.Process(target=fake_grader.run_head, args=(environment_of(course, url), {}, None))
    head.start()
    return head


def ended(process) -> int | None:
    process.join(120)
    return process.exitcode


def open_once(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    with open_gradebook() as gradebook:
        assert gradebook.assignments == []


@pytest.mark.parametrize("kind", ["server", "file"])
def test_eight_processes_open_a_fresh_gradebook(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """On a server they may be on eight machines, which share no lock file."""
    url = request.getfixturevalue("url") if kind == "server" else ""
    folders = [tmp_path / (str(number) if url else "course") for number in range(8)]
    processes = [
        FORKS.Process(target=open_once, args=(environment_of(folder, url),)) for folder in folders
    ]
    for process in processes:
        process.start()
    assert [ended(process) for process in processes] == [0] * 8
    rows_of = rows_on(url) if url else fake_grader.Rows(tmp_path / "course" / "gradebook.db")
    assert len(rows_of("alembic_version")) == len(rows_of("course")) == 1


def test_a_server_that_does_not_answer_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADEKIT_COURSE", str(tmp_path))
    monkeypatch.setenv("GRADEBOOK_URL", f"postgresql://me:secret@/x?host={tmp_path}")
    with (
        pytest.raises(CourseError, match="the gradebook cannot be opened") as refused,
        open_gradebook(),
    ):
        pass
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
