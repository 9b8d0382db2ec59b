"""Workers of a Dask cluster: what kills one is named, and nothing else suffers from it."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from gradekit import cli, distribution, grading
from gradekit.course import CourseError
from gradekit.distribution import Distribution
from gradekit.grading import grade_class
from gradekit.jobs import Job, Outcome, Setting
from gradekit.results import Mark, Result
from tests.gradekit import fake_worker
from tests.gradekit.fake_grader import executed, put_submission
from tests.gradekit.submissions import LESSON, answered, as_bytes

SETTING = Setting()


@pytest.fixture(scope="module")
def executions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster") / "executions"


@pytest.fixture(scope="module")
def cluster(executions: Path) -> Iterator[LocalCluster]:
    """A scheduler with two workers, each a process of its own, as on another machine."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        env={fake_worker.EXECUTIONS: str(executions)},  # also of those that replace killed ones
    ) as made:
        yield made


@pytest.fixture
def course(new_course: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    root = new_course("course")
    monkeypatch.setenv("GRADEKIT_COURSE", str(root))
    monkeypatch.setattr(distribution, "run_job", fake_worker.answer_at_once)
    return root


def test_a_cluster_grades_a_class_and_names_who_killed_a_worker(
    course: Path, cluster: LocalCluster, executions: Path
) -> None:
    students = [f"student-{number:02}" for number in range(12)]
    students[3:3] = ["killer-one"]
    students[8:8] = ["killer-two"]
    for student in students:
        put_submission(course, student, as_bytes(answered()))
    address = cluster.scheduler_address
    summary = grade_class(LESSON, SETTING, scheduler=address, show_progress=False)
    results = {result.student: result for result in summary.results}
    assert results.keys() == set(students)
    for student, result in results.items():
        kinds = [incident.kind for incident in result.incidents]
        assert kinds == (["worker"] if "killer" in student else []), student
    assert any("killer-one: worker: ended the worker's process" in line for line in summary.lines)
    checks = [m for m in results["killer-one"].marks if m.grade_id.startswith("check-")]
    assert {mark.points for mark in checks} == {0.0}
    tried = executed(executions)
    assert sorted(tried) == sorted(students), "each exactly once"
    again = grade_class(LESSON, SETTING, scheduler=address, show_progress=False)
    assert again.run == []


def test_only_json_goes_over_the_wire(cluster: LocalCluster) -> None:
    sent: list[tuple] = []

    class Spying(Distribution):
        def _submit(self, job: Job, worker: str | None):
            submit = self._client.submit

            def note(function, *arguments, **options):
                sent.append((function, *arguments))
                return submit(json.dumps, json.loads(ANSWER), **options)

            self._client.submit = note
            try:
                return super()._submit(job, worker)
            finally:
                del self._client.submit

    with Spying(LESSON, SETTING, cluster.scheduler_address, None) as spying:
        answers = dict(spying.run([JOB]))
    assert answers == {"ana": Outcome.from_json(ANSWER)}
    function, *arguments = sent[0]
    assert function is distribution.run_job
    assert [type(json.loads(argument)) for argument in arguments] == [dict, dict]


JOB = Job("ana", LESSON, "{}", {"pool": 3}, "en")
ANSWER = Outcome("{}", (Mark("check-pool", 2.0, 2.0),), ()).to_json()


def test_an_error_of_the_grader_is_one_submissions_trouble(
    course: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distribution, "run_job", fake_worker.raise_error)
    put_submission(course, "ana", as_bytes(answered()))
    summary = grade_class(LESSON, SETTING, scheduler=cluster.scheduler_address, show_progress=False)
    assert summary.lines == [
        "ana: worker: could not be graded (LookupError: there is no exercise 'pool')"
    ]


def test_a_scheduler_that_does_not_answer_ends_in_one_line(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(distribution, "SECONDS_TO_CONNECT", 1)
    put_submission(course, "ana", as_bytes(answered()))
    for address in ("tcp://127.0.0.1:9", "nonsense://x", ""):
        arguments = ["autograde", "02", "--scheduler", address or "tcp://"]
        assert cli.main(arguments) == 1
        lines = [x for x in capsys.readouterr().err.splitlines() if x.startswith("gradekit:")]
        assert len(lines) == 1
        assert "no Dask scheduler answers at" in lines[0]


def test_a_scheduler_without_workers_ends_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "SECONDS_FOR_WORKERS", 0.5)
    with (
        LocalCluster(n_workers=0, processes=True, dashboard_address=None) as empty,
        Distribution(LESSON, SETTING, empty.scheduler_address, None) as waiting,
        pytest.raises(CourseError, match="has no workers"),
    ):
        list(waiting.run([JOB]))


def test_the_heads_memory_stays_flat(
    new_course: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 300 submissions of 0.4 MB each, held several times while in work, none is kept."""
    root = new_course("large")
    monkeypatch.setenv("GRADEKIT_COURSE", str(root))
    monkeypatch.setenv(fake_worker.EXECUTIONS, str(root / "executions"))
    monkeypatch.setenv(fake_worker.SECONDS, "0")
    fake_worker.take_place(monkeypatch.setattr)
    notebook = answered()
    filler = {"cell_type": "raw", "metadata": {}, "id": "x", "source": "a" * 400_000}
    notebook["cells"].append(filler)
    content = as_bytes(notebook)
    for number in range(300):
        put_submission(root, f"student-{number:03}", content)
    used: list[int] = []
    save = grading.save_result

    def measure(result: Result) -> None:
        save(result)
        used.append(resident_bytes())

    monkeypatch.setattr(grading, "save_result", measure)
    grade_class(LESSON, SETTING, workers=2, show_progress=False)
    assert len(used) == 300
    assert max(used) - used[50] < 50_000_000, [f"{value:,}" for value in used[::25]]


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
