"""The late policy: a share of the reached points for each day begun, up to a limit."""

import math

from nbgrader.plugins import LateSubmissionPlugin

from gradekit.course import settings

SECONDS_PER_DAY = 24 * 60 * 60


class LatePolicy(LateSubmissionPlugin):
    """What nbgrader asks for a late submission's loss; `grading/course.toml` says how much."""

    def late_submission_penalty(
        self,
        student_id: str,  # noqa: ARG002 - nbgrader's interface
        score: float,
        total_seconds_late: float,
    ) -> float:
        return late_penalty(score, total_seconds_late, **settings()["late"])


def late_penalty(score: float, seconds_late: float, share_per_day: float, most: float) -> float:
    """Return the points a late submission loses.

    Args:
        score: points reached.
        seconds_late: time after the deadline; not positive means in time.
        share_per_day: share of the points lost for each day begun.
        most: largest share that can be lost.
    """
    days = math.ceil(max(0.0, seconds_late) / SECONDS_PER_DAY)
    return round(score * min(most, days * share_per_day), 2)
