"""From what was seen to points: runs in the grader's process, never beside a student's code."""

import hashlib
import hmac
from typing import Any

from gradekit.execution import Execution, Observation
from gradekit.keys import hidden_seed, quiz_key
from gradekit.preprocessors import answer_in
from gradekit.repair import GradedCell
from gradekit.results import Mark
from lessonkit.checks import Case, Check, Hint, find_check, judge_seen

LARGEST_SEED = 2**31 - 1
NOT_RUN = Hint("not_run")
TAMPERED = "tampered"


def seeds_for(released: tuple[GradedCell, ...], submission: bytes) -> dict[str, int]:
    """Return the seed of each exercise's cases for one submission.

    Each submission meets cases of its own, the same ones whenever it is graded: what one student
    learns of them helps nobody, not even that student's next submission.
    """
    content = hashlib.sha256(submission).digest()
    return {
        graded.subject: _seed(graded.subject, content)
        for graded in released
        if graded.kind == "check"
    }


def _seed(exercise: str, content: bytes) -> int:
    secret = str(hidden_seed(exercise)).encode()
    digest = hmac.digest(secret, exercise.encode() + b"\0" + content, "sha256")
    return 1 + int.from_bytes(digest[:8], "big") % LARGEST_SEED


def judge_check(exercise: str, seed: int, seen: Observation | None) -> Hint | None:
    """Return None if everything that was seen is right, else the hint for the likely mistake.

    An answer that was never observed is wrong, and so is one that was observed while functions
    that the observation relies on had been replaced.
    """
    if seen is None:
        return NOT_RUN
    if seen.changed:
        return Hint(TAMPERED, {"names": ", ".join(seen.changed[:3])})
    check = find_check(exercise)
    cases = check.cases(seed)
    for observed, case in zip(seen.seen, cases, strict=False):
        hint = judge_case(check, observed, case)
        if hint is not None:
            return hint
    if len(seen.seen) != len(cases):
        return Hint(TAMPERED, {"names": "the number of observed cases"})
    return None


def judge_case(check: Check, observed: Any, case: Case) -> Hint | None:
    """Judge what was seen of one case, of whatever form it is."""
    try:
        return judge_seen(check, observed, case)
    except Exception as error:  # forged data may be of any form; none of it is worth points
        return Hint(TAMPERED, {"names": f"observed data ({type(error).__name__})"})


def mark_check(graded: GradedCell, seeds: dict[str, int], done: Execution) -> Mark:
    """Return the mark of a check's cell."""
    seen = done.observations.get(graded.grade_id)
    hint = judge_check(graded.subject, seeds[graded.subject], seen)
    return mark_for(graded, hint, seen.seconds if seen else 0.0)


def mark_for(graded: GradedCell, hint: Hint | None, seconds: float) -> Mark:
    """Return the mark that a verdict gives a check's cell."""
    out_of = float(graded.metadata["nbgrader"]["points"])
    return Mark(
        graded.grade_id,
        out_of * hint.credit if hint else out_of,
        out_of,
        hint.name if hint else None,
        {name: _plain(value) for name, value in hint.values.items()} if hint else {},
        seconds=round(seconds, 4),
    )


def mark_question(graded: GradedCell, source: str, lesson: str) -> Mark:
    """Return the mark of a graded question, read from its cell's source; nothing is run."""
    out_of = float(graded.metadata["nbgrader"]["points"])
    number = int(graded.subject)
    answer = answer_in(source, number)
    right = answer == quiz_key(lesson)[number]["correct"]
    letter = answer if answer in quiz_key(lesson)[number]["why"] else None
    return Mark(graded.grade_id, out_of if right else 0.0, out_of, answer=letter)


def _plain(value: Any) -> Any:
    """Return a hint's value as JSON holds it, bounded: it may quote a student's code."""
    return value if isinstance(value, (int, float, bool)) or value is None else str(value)[:500]
