"""Killed at any moment and started again, grading ends as if nothing had happened."""

import multiprocessing
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from tests.gradekit import fake_grader, fake_worker
from tests.gradekit.fake_grader import Rows, executed, files_of, gradebook_rows, put_class
from tests.gradekit.submissions import LESSON

KILLS = 100
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.gradekit.fake_grader"])


def environment_of(course: Path) -> dict[str, str]:
    return {
        "GRADEKIT_COURSE": str(course),
        fake_worker.EXECUTIONS: str(course / "executions"),
        fake_worker.SECONDS: "0.01",
    }


def start_head(course: Path, last_line: int | None = None, **setting: object) -> ForkServerProcess:
    arguments = (environment_of(course), setting, last_line)
    head = FORKS.Process(target=fake_grader.run_head, args=arguments)
    head.start()
    return head


def grade(course: Path, **setting: object) -> list[str]:
    """Grade to the end; return the students whose notebooks were run for it."""
    before = len(executed(course / "executions"))
    head = start_head(course, **setting)
    head.join(60)
    assert head.exitcode == 0
    return sorted(executed(course / "executions")[before:])


def state_of(course: Path) -> dict:
    return {**gradebook_rows(Rows(course / "gradebook.db")), "files": files_of(course)}


def finished(course: Path) -> set[str]:
    return {path.stem for path in (course / "results" / LESSON).glob("[!.]*.json")}


@pytest.fixture
def filled(new_course: Callable[[str], Path]) -> Path:
    course = new_course("course")
    put_class(course)
    return course


@pytest.mark.timeout(1200)
def test_a_hundred_kills_leave_the_gradebook_of_an_undisturbed_run(
    filled: Path, tmp_path: Path
) -> None:
    chance = random.Random(20261124)
    counted = Path(shutil.copytree(filled, tmp_path / "counted"))
    arguments = (environment_of(counted), str(tmp_path / "lines"))
    head = FORKS.Process(target=fake_grader.count_lines, args=arguments)
    head.start()  # also starts what all heads are forked from, so that the next one can be timed
    head.join(120)
    lines = int((tmp_path / "lines").read_text())
    whole = Path(shutil.copytree(filled, tmp_path / "whole"))
    begin = time.perf_counter()
    assert len(grade(whole)) == 11  # all but the unreadable one
    seconds = time.perf_counter() - begin
    expected = state_of(whole)
    assert state_of(counted) == expected

    kills = courses = 0
    while kills < KILLS:
        courses += 1
        course = Path(shutil.copytree(filled, tmp_path / f"killed-{courses}"))
        for _ in range(6):  # then to the end
            done = finished(course)
            before = len(executed(course / "executions"))
            kills += killed(course, chance, seconds, lines)
            again = set(executed(course / "executions")[before:]) & done
            assert not again, f"finished before, run again: {again}"
        done = finished(course)
        assert not set(grade(course)) & done
        assert state_of(course) == expected
        shutil.rmtree(course)


def killed(course: Path, chance: random.Random, seconds: float, lines: int) -> bool:
    """Start a head and end it at a random line or moment; tell whether it was still running."""
    if chance.random() < 0.5:
        head = start_head(course, last_line=chance.randrange(1, lines // 2))
        head.join(60)
    else:
        head = start_head(course)
        time.sleep(chance.uniform(0, seconds))
        sent = chance.choice([signal.SIGKILL] * 3 + [signal.SIGTERM, signal.SIGINT])
        if head.is_alive():
            os.kill(head.pid, sent)
        head.join(60)
    return head.exitcode != 0
