"""Spreading notebooks over workers with Dask: on this machine, or on any cluster."""

import os
from collections.abc import Iterable, Iterator
from typing import Any

from gradekit.course import CourseError
from gradekit.jobs import Job, Outcome, Setting
from gradekit.nurseries import close_nurseries, nursery_for
from gradekit.sandbox import SandboxError
from gradekit.worker import run_job

AHEAD = 2  # jobs for each of this process's threads: one runs, one waits
ANY_LOCAL_PORT = "127.0.0.1:0"  # Dask's pages cannot be left out; nobody else may see them
SECONDS_TO_CONNECT = 20
SECONDS_FOR_WORKERS = 60
# Dask's logs for its own developers would keep the notebooks of the last thousand jobs in memory,
# and its profiler and clock would take a tenth of a second of each notebook's time.
FEW_RECORDS = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.low-level-log-length": 10,
    "distributed.diagnostics.computations.max-history": 1,
}


class LostWorkerError(Exception):
    """A worker's process ended while it ran a job."""


class Distribution:
    """Workers that run notebooks.

    A cluster's worker runs one notebook at a time, whatever threads it has, so that it is clear
    which one ended it; start as many worker processes as notebooks should run at once, with
    `dask worker ADDRESS --nworkers 8 --nthreads 1`.

    Args:
        lesson: the notebooks' lesson.
        setting: how they run them.
        scheduler: address of a Dask scheduler, such as "tcp://head:8786"; its workers need this
            package. None starts workers inside this process: the sandboxes are processes of
            their own.
        workers: how many notebooks to run here at once; None for one more than there are cores,
            since each waits for messages now and then.

    Raises:
        CourseError: no scheduler answers, or it has no workers.
        SandboxError: this machine's workers cannot make sandboxes.
    """

    def __init__(
        self, lesson: str, setting: Setting, scheduler: str | None, workers: int | None
    ) -> None:
        self.lesson, self.setting, self.scheduler = lesson, setting, scheduler
        self.workers = workers or len(os.sched_getaffinity(0)) + 1

    def __enter__(self) -> "Distribution":
        if self.scheduler is None:
            nursery_for(self.lesson, self.setting)  # warms up while Dask starts
        import dask
        import distributed  # noqa: F401 - brings its settings along, before any is changed

        with dask.config.set(FEW_RECORDS):
            self._connect()
        if self.scheduler is not None:
            self._client.run_on_scheduler(_never_pass_on)
        return self

    def _connect(self) -> None:
        from distributed import Client, LocalCluster

        self._cluster = None
        if self.scheduler is None:
            self._cluster = LocalCluster(
                n_workers=1,
                threads_per_worker=self.workers,
                processes=False,
                dashboard_address=ANY_LOCAL_PORT,
                worker_dashboard_address=ANY_LOCAL_PORT,
                memory_limit=0,
            )
        try:
            self._client = Client(self._cluster or self.scheduler, timeout=SECONDS_TO_CONNECT)
        except (OSError, ValueError) as error:
            raise CourseError(
                f"no Dask scheduler answers at {self.scheduler!r}; `dask scheduler` starts one, "
                "and the address that it prints goes here"
            ) from error

    def __exit__(self, *_error: object) -> None:
        self._client.close()
        close_nurseries()  # ends what still runs
        if self._cluster is not None:
            self._cluster.close()

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[str, Outcome | Exception]]:
        """Yield each job's student with its outcome, or with what ended its worker.

        Raises:
            SandboxError: the workers cannot make sandboxes.
            CourseError: there is no worker.
        """
        from distributed import as_completed

        jobs, sequence = iter(jobs), as_completed()
        running: dict[str, tuple[str, str | None]] = {}  # key -> student, worker
        job = next(jobs, None)
        while job is not None or running:
            for worker in self._free_places(running) if job is not None else ():
                future = self._submit(job, worker)
                running[future.key] = job.student, worker
                sequence.add(future)
                if (job := next(jobs, None)) is None:
                    break
            if not running:
                self._wait_for_worker()
                continue
            future = next(sequence)
            student, _ = running.pop(future.key)
            answer = self._answer(future)
            future.release()
            yield student, answer

    def _free_places(self, running: dict[str, tuple[str, str | None]]) -> list[str | None]:
        """Return the workers that have no job; None stands for a place in this process."""
        if self.scheduler is None:
            return [None] * (AHEAD * self.workers - len(running))
        busy = {worker for _, worker in running.values()}
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        return [worker for worker in workers if worker not in busy]

    def _submit(self, job: Job, worker: str | None) -> Any:
        place = {"workers": [worker], "allow_other_workers": True} if worker else {}
        texts = job.to_json(), self.setting.to_json()
        return self._client.submit(run_job, *texts, pure=False, retries=0, **place)

    def _wait_for_worker(self) -> None:
        from distributed import TimeoutError as DaskTimeoutError

        try:
            self._client.wait_for_workers(1, timeout=SECONDS_FOR_WORKERS)
        except DaskTimeoutError as error:
            raise CourseError(
                f"the Dask scheduler at {self.scheduler} has no workers; start some with `dask "
                f"worker {self.scheduler} --nworkers 4 --nthreads 1` and run the command again"
            ) from error

    @staticmethod
    def _answer(future: Any) -> Outcome | Exception:
        from distributed import KilledWorker

        error = future.exception()
        if isinstance(error, SandboxError):
            raise error
        if isinstance(error, KilledWorker):
            return LostWorkerError("ended the worker's process; it was not tried again")
        if isinstance(error, Exception):
            return error
        return Outcome.from_json(future.result())


def _never_pass_on(dask_scheduler: Any) -> None:
    """Count a worker's death against the job that it ran, at once."""
    dask_scheduler.allowed_failures = 0
