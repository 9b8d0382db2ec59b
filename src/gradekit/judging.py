"""From what was seen to points; checks are judged by processes of the nursery's."""

import hashlib
import hmac
from collections.abc import Iterable

from gradekit.execution import Execution
from gradekit.keys import hidden_seed, quiz_key
from gradekit.preprocessors import answer_in
from gradekit.repair import GradedCell
from gradekit.results import Mark
from gradekit.sandbox import Nursery
from lessonkit.checks.core import TAMPERED, Hint

LARGEST_SEED = 2**31 - 1
NOT_RUN = Hint("not_run")


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


def mark_checks(
    checks: Iterable[GradedCell], seeds: dict[str, int], done: Execution, nursery: Nursery
) -> list[Mark]:
    """Return the marks of checks' cells; observations that cannot be right are noted in `done`.

    An answer that was never observed is wrong, and so is one that was observed while functions
    that the observation relies on had been replaced.
    """
    observed, hints = [], {}
    for graded in checks:
        seen = done.observations.get(graded.grade_id)
        if seen is None:
            hints[graded.grade_id] = NOT_RUN
        elif seen.changed:
            hints[graded.grade_id] = Hint(TAMPERED, {"names": ", ".join(seen.changed[:3])})
        else:
            observed.append((graded, (graded.subject, seeds[graded.subject], seen.message)))
    judged = _judge([answer for _, answer in observed], done, nursery)
    for (graded, _), hint in zip(observed, judged, strict=True):
        hints[graded.grade_id] = hint
        if hint is not None and hint.name == TAMPERED:
            done.note("tampering", f"{graded.grade_id}: {hint.values['names']}"[:200])
    seconds = {grade_id: seen.seconds for grade_id, seen in done.observations.items()}
    return [
        mark_for(graded, hints[graded.grade_id], seconds.get(graded.grade_id, 0.0))
        for graded in checks
    ]


def _judge(
    answers: list[tuple[str, int, bytes]], done: Execution, nursery: Nursery
) -> list[Hint | None]:
    """Have a notebook's answers judged together; one by one if that ends their judge."""
    if not answers:
        return []
    reply = nursery.judge(answers)
    if reply is not None:
        done.added_seconds += reply["seconds"]
        return [Hint(**hint) if hint is not None else None for hint in reply["hints"]]
    if len(answers) == 1:
        return [Hint(TAMPERED, {"names": "observed data (it ended its judge)"})]
    return [hint for answer in answers for hint in _judge([answer], done, nursery)]


def mark_for(graded: GradedCell, hint: Hint | None, seconds: float) -> Mark:
    """Return the mark that a verdict gives a check's cell."""
    out_of = float(graded.metadata["nbgrader"]["points"])
    return Mark(
        graded.grade_id,
        out_of * hint.credit if hint else out_of,
        out_of,
        hint.name if hint else None,
        hint.values if hint else {},
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
