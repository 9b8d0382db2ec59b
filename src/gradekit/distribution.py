"""Spreading notebooks over workers with Dask: on this machine, or on any cluster."""

import os
from collections.abc import Iterable, Iterator
from typing import Any

from gradekit.jobs import Job, Outcome, Setting
from gradekit.sandbox import SandboxError
from gradekit.worker import close_nurseries, nursery_for, run_job

AHEAD = 2  # jobs sent to each worker at once: one runs, one waits


class Distribution:
    """Workers that run notebooks.

    Args:
        setting: how they run them.
        scheduler: address of a Dask scheduler, such as "tcp://head:8786"; its workers need this
            package. None starts workers inside this process: the sandboxes are processes of
            their own.
        workers: how many to start here; None for one a core.
    """

    def __init__(self, setting: Setting, scheduler: str | None, workers: int | None) -> None:
        self.setting, self.scheduler = setting, scheduler
        self.workers = workers or len(os.sched_getaffinity(0))

    def __enter__(self) -> "Distribution":
        from distributed import Client, LocalCluster

        if self.scheduler is None:
            self._cluster = LocalCluster(
                n_workers=1,
                threads_per_worker=self.workers,
                processes=False,
                dashboard_address=None,
                memory_limit=0,
            )
            self._client = Client(self._cluster)
        else:
            self._cluster = None
            self._client = Client(self.scheduler, timeout=20)
            self._client.run_on_scheduler(_never_pass_on)
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
        close_nurseries()

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[str, Outcome | Exception]]:
        """Yield each job's student with its outcome, or with what ended its worker.

        Raises:
            SandboxError: the workers cannot make sandboxes.
        """
        from distributed import as_completed

        jobs = iter(jobs)
        first = next(jobs, None)
        if first is None:
            return
        if self.scheduler is None:
            nursery_for(first.lesson, self.setting)  # its errors should end the run
        students = {}

        def submit(job: Job) -> Any:
            future = self._client.submit(
                run_job, job.to_json(), self.setting.to_json(), pure=False, retries=0
            )
            students[future.key] = job.student
            return future

        sequence = as_completed([submit(first)])
        for job, _ in zip(jobs, range(AHEAD * self._threads() - 1), strict=False):
            sequence.add(submit(job))
        for future in sequence:
            student = students.pop(future.key)
            answer = self._answer(future)
            future.release()
            if (job := next(jobs, None)) is not None:
                sequence.add(submit(job))
            yield student, answer

    def _threads(self) -> int:
        """Return how many notebooks the workers run at once."""
        return max(1, sum(self._client.nthreads().values()))

    @staticmethod
    def _answer(future: Any) -> Outcome | Exception:
        error = future.exception()
        if isinstance(error, SandboxError):
            raise error
        if isinstance(error, Exception):
            return error
        return Outcome.from_json(future.result())


def _never_pass_on(dask_scheduler: Any) -> None:
    """Count a worker's death against the job that it ran, at once."""
    dask_scheduler.allowed_failures = 0
