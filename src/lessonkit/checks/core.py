"""Running a check: cases from a seed, `observe` beside the answer, `judge` on what it saw."""

import contextlib
import importlib
import io
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Case = dict[str, Any]
Seen = dict[str, Any]

IN_CLASS_SEED = 0
TAMPERED = "tampered"  # the hint where observations cannot be trusted
PACKAGE = str(Path(__file__).parents[1])
LESSON_MODULES = {
    "01": "lessonkit.checks.pretraining_objectives",
    "02": "lessonkit.checks.feature_extraction",
    "03": "lessonkit.checks.full_fine_tuning",
    "04": "lessonkit.checks.lora",
    "05": "lessonkit.checks.provenance",
}


@dataclass(frozen=True)
class Hint:
    """What is wrong.

    Attributes:
        name: the message's name.
        values: what its text needs.
        credit: share of the points, from 0 to 1, that the answer is worth all the same.
    """

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    credit: float = 0.0


class Check(Protocol):
    """What a lesson module registers for one exercise.

    Where a case's seed tells the answer, a check also has `prepare(case, where)`: it puts what an
    answer is given into a new folder and returns a case that tells no more than that. A grader
    calls it outside of the student's process and adds the folder, `{"where": ...}`.
    """

    def cases(self, seed: int) -> list[Case]:
        """Return the cases to try, made from the seed; plain data."""

    def observe(self, answer: Any, case: Case) -> Seen:
        """Run the answer on a case and return what happened, as plain data; decides nothing."""

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        """Return None if what was seen is right, else the hint for the likely mistake."""


@dataclass(frozen=True)
class Verdict:
    """The result of a check: passed, or the first hint."""

    exercise: str
    hint: Hint | None

    @property
    def passed(self) -> bool:
        return self.hint is None


class CheckFailed(Exception):  # noqa: N818 - students read the name
    """Raised in grading, where a failed check must end its cell with an error."""

    def _render_traceback_(self) -> list[str]:
        return [f"CheckFailed: {self}"]


_checks: dict[str, Check] = {}


def exercise(name: str) -> Callable[[type], type]:
    """Register a class's instance as the check of an exercise."""

    def register(cls: type) -> type:
        if name in _checks:
            raise ValueError(f"two checks are called {name!r}")
        _checks[name] = cls()
        return cls

    return register


def find_check(name: str) -> Check:
    """Return the check of an exercise; no more lessons' checks are imported than it takes.

    Raises:
        LookupError: no lesson has that exercise.
    """
    for module in LESSON_MODULES.values():
        if name in _checks:
            break
        importlib.import_module(module)
    if name not in _checks:
        raise LookupError(f"there is no exercise {name!r}; known: {', '.join(sorted(_checks))}")
    return _checks[name]


def run_check(name: str, answer: Any, seed: int = IN_CLASS_SEED) -> Verdict:
    """Observe and judge an answer on every case that the seed gives, up to the first mistake."""
    check = find_check(name)
    for case in check.cases(seed):
        hint = judge_seen(check, observe_answer(check, answer, case), case)
        if hint is not None:
            return Verdict(name, hint)
    return Verdict(name, None)


def observe_answer(check: Check, answer: Any, case: Case) -> Seen:
    """Run the observing half; an exception of the answer becomes part of what was seen.

    What the answer prints and warns of is swallowed: a graded cell with anything on its error
    stream would score nothing.
    """
    sink = io.StringIO()
    with (
        contextlib.redirect_stdout(sink),
        contextlib.redirect_stderr(sink),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            return check.observe(answer, case)
        except Exception as error:
            return {"error": describe_error(error)}


def judge_seen(check: Check, seen: Seen, case: Case) -> Hint | None:
    """Run the deciding half on what was seen."""
    error = seen.get("error")
    if error is None:
        return check.judge(seen, case)
    if error["type"] == "NotImplementedError":
        return Hint("not_implemented")
    explain = getattr(check, "explain_error", None)
    return (explain(error) if explain else None) or Hint("raised", error)


def describe_error(error: Exception) -> dict[str, str]:
    """Return an exception's type, message and the student's line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(PACKAGE) and frame.line]
    student = [frame for frame in own if "site-packages" not in frame.filename]
    line = (student or own)[-1].line if own else ""
    return {"type": type(error).__name__, "message": str(error)[:300], "line": line or ""}
