"""Exercise checks in two halves: `observe` runs beside the student's code, `judge` decides.

`observe(answer, case)` only collects plain data: numbers, strings, tensors. `judge(seen, case)`
reads that data and returns None or a Hint. Nothing that decides runs the student's code, so a
grader can run `judge` in another process, with cases the student has not seen.
"""

from lessonkit.checks.core import (
    Case,
    Check,
    CheckFailed,
    Hint,
    Seen,
    Verdict,
    find_check,
    judge_seen,
    observe_answer,
    run_check,
)
from lessonkit.checks.display import check

__all__ = [
    "Case",
    "Check",
    "CheckFailed",
    "Hint",
    "Seen",
    "Verdict",
    "check",
    "find_check",
    "judge_seen",
    "observe_answer",
    "run_check",
]
