"""How fast a class is graded: this grader beside plain `nbgrader autograde`, in one run.

    python benchmarks/grading.py           # prints
    python benchmarks/grading.py --write   # also keeps it in benchmarks/grading.json

Both grade the same submissions of lesson 02, made from the answer bank, in the `grading` profile,
from the command to its end, all start-up included. `nbgrader autograde` grades one after the
other with all cores for each; the grader here runs one notebook a core.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from time import perf_counter as clock
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
MEASURED = ROOT / "benchmarks" / "grading.json"
LESSON = "02_feature_extraction"
COMPARED = 20
SIZES = (4, 8, 16, 32, 64)


def measure() -> dict[str, Any]:
    """Grade classes of several sizes, one of them with nbgrader alone as well."""
    plain = grade(COMPARED, plainly=True)
    ours = grade(COMPARED)
    growth = {size: grade(size) for size in SIZES}
    sizes = np.array(SIZES)
    head = _slope(sizes, [growth[size]["head_core_seconds"] for size in SIZES])
    kernels = fmean(growth[SIZES[-1]]["added_core_seconds"])
    walls = [growth[size]["seconds"] for size in SIZES]
    return {
        "machine": describe_cores(),
        "submissions": COMPARED,
        "same_scores": plain["scores"] == ours["scores"],
        "plain_seconds": plain["seconds"],
        "seconds": ours["seconds"],
        "ratio": plain["seconds"] / ours["seconds"],
        "own_core_seconds": fmean(ours["own_core_seconds"]),
        "added_core_seconds": head + kernels,
        "growth_seconds": dict(zip(map(str, SIZES), walls, strict=True)),
        "growth_linearity": float(np.corrcoef(sizes, walls)[0, 1] ** 2),
        "head_memory": {str(size): growth[size]["head_memory"] for size in SIZES},
    }


def grade(count: int, *, plainly: bool = False) -> dict[str, Any]:
    """Grade a class of a size in a course of its own; return seconds, scores and what it used."""
    with course_of(count) as folder:
        command = [sys.executable, "-m", "gradekit.cli", "autograde", LESSON]
        if plainly:
            call = f"from gradekit import classroom; classroom.autograde_plainly({LESSON!r})"
            command = [sys.executable, "-c", call]
        environment = {**os.environ, "GRADEKIT_COURSE": str(folder)}
        begin = clock()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = clock() - begin
        if status:
            raise SystemExit(f"{' '.join(command)} failed")
        results = [
            json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((folder / "results" / LESSON).glob("*.json"))
        ]
        return {
            "seconds": seconds,
            "scores": _scores(folder),
            "head_memory": used.ru_maxrss * 1024,
            "head_core_seconds": used.ru_utime + used.ru_stime,
            "own_core_seconds": [result["core_seconds"] for result in results],
            "added_core_seconds": [result["added_seconds"] for result in results],
        }


@contextmanager
def course_of(count: int) -> Iterator[Path]:
    """Yield a released course with so many collected submissions of the answer bank."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRADEKIT_COURSE"] = folder
        from gradekit.classroom import release
        from gradekit.collect import submitted_file

        release(LESSON)
        for number in range(count):
            path = submitted_file(f"student{number:03d}", LESSON)
            path.parent.mkdir(parents=True)
            path.write_text(notebook_number(number), encoding="utf-8")
            (path.parent / "timestamp.txt").write_text("2026-10-10 12:00:00\n", encoding="utf-8")
        yield Path(folder)


def notebook_number(number: int) -> str:
    """Return a submission: each exercise has another answer of the bank, three in four right."""
    from gradekit.answers import answers_of
    from gradekit.sample import notebook_of

    bank: dict[str, dict[bool, list[str]]] = {}
    for answer in answers_of(LESSON):
        bank.setdefault(answer.exercise, {True: [], False: []})[answer.hint is None].append(
            answer.name
        )
    chosen = {}
    for place, (exercise, kinds) in enumerate(bank.items()):
        names = kinds[(number + place) % 4 > 0]
        chosen[exercise] = names[number % len(names)]
    letters = {"4": "ABCD"[number % 4], "5": "ABCD"[(number + 3) % 4]}
    return notebook_of({"lesson": LESSON, "answers": chosen, "quiz": letters})


def describe_cores() -> str:
    """Return what the figures were measured on."""
    import torch

    cores = len(os.sched_getaffinity(0))
    return f"Linux, {cores} CPU cores, torch {torch.__version__.partition('+')[0]}"


def report(figures: dict[str, Any]) -> str:
    """Return the figures as lines for the terminal."""
    growth = ", ".join(f"{size}: {s:.0f} s" for size, s in figures["growth_seconds"].items())
    memory = ", ".join(f"{size}: {b / 1e6:.0f} MB" for size, b in figures["head_memory"].items())
    return "\n".join(
        [
            f"{figures['submissions']} submissions of {LESSON} on {figures['machine']}:",
            f"  nbgrader autograde: {figures['plain_seconds']:.0f} s; "
            f"gradekit autograde: {figures['seconds']:.0f} s; "
            f"{figures['ratio']:.1f} times the throughput; same scores: {figures['same_scores']}",
            f"  core time a submission: its own code {figures['own_core_seconds']:.2f} s, "
            f"the grader adds {figures['added_core_seconds']:.2f} s",
            f"  submissions: seconds: {growth} (R² of a straight line "
            f"{figures['growth_linearity']:.3f})",
            f"  submissions: head node's memory: {memory}",
        ]
    )


def _scores(folder: Path) -> dict[str, dict[str, float]]:
    """Return each student's automatic scores as the gradebook has them."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: {
                grade.cell.name: grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions(LESSON)
        }


def _slope(sizes: np.ndarray, values: list[float]) -> float:
    return float(np.polyfit(sizes, values, 1)[0])


def main() -> None:
    figures = measure()
    print(report(figures))
    if "--write" in sys.argv[1:]:
        MEASURED.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
