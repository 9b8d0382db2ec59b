"""What all plots share."""

import functools
from collections.abc import Callable

from lessonkit.session import current

COLOURS = ("#1565c0", "#ef6c00", "#757575", "#2e7d32", "#6a1b9a")


def only_if_seen(draw: Callable[..., None]) -> Callable[..., None]:
    """Let a function draw only where anybody looks, which nobody does while grading."""

    @functools.wraps(draw)
    def draw_if_seen(*args: object, **options: object) -> None:
        if current().profile.pictures:
            draw(*args, **options)

    return draw_if_seen
