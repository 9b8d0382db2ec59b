"""Judging what was observed, and preparing cases, in processes where no student's code ever runs.

The server is forked from the nursery before that drops the judging half of the checks, and forks
again for each notebook: what forged observations do to a judge, they do to that one alone.
"""

import json
import os
import signal
import socket
import time
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lessonkit.checks import Case, Check, Hint, core, find_check, judge_seen
from lessonkit.checks.core import TAMPERED

from . import confinement
from .confinement import Limits
from .wire import JUDGE, WireError, decode, receive_frame, send_frame, unpack

LIMITS = Limits(notebook_seconds=60)


def judge_check(exercise: str, seed: int, seen: Sequence[Any]) -> Hint | None:
    """Return None if everything that was seen is right, else the hint for the likely mistake.

    Args:
        exercise: its name.
        seed: of the cases that the answer was tried on.
        seen: what `observe` returned for each case, or anything else: it comes from a process
            that ran a student's code.
    """
    check = find_check(exercise)
    cases = check.cases(seed)
    for observed, case in zip(seen, cases, strict=False):
        hint = judge_case(check, observed, case)
        if hint is not None:
            return hint
    if len(seen) != len(cases):
        return Hint(TAMPERED, {"names": "the number of observed cases"})
    return None


def judge_case(check: Check, observed: Any, case: Case) -> Hint | None:
    """Judge what was seen of one case, of whatever form it is."""
    try:
        return judge_seen(check, observed, case)
    except Exception as error:  # forged data may be of any form; none of it is worth points
        return Hint(TAMPERED, {"names": f"observed data ({type(error).__name__})"})


def judge_message(exercise: str, seed: int, message: bytes) -> Hint | None:
    """Judge one answer's observations as the guard sent them."""
    try:
        header, tensors = unpack(message)
        seen = decode(header["observations"], tensors)
    except (WireError, KeyError, TypeError) as error:
        return Hint(TAMPERED, {"names": f"observed data ({error})"})
    if not isinstance(seen, list) or not all(isinstance(case, dict) for case in seen):
        return Hint(TAMPERED, {"names": "observed data (of unknown form)"})
    return judge_check(exercise, seed, seen)


def prepared_exercises() -> list[str]:
    """Return the exercises whose cases are prepared here, since their seed tells the answer."""
    return sorted(name for name, check in core._checks.items() if hasattr(check, "prepare"))


def start_judge(socket_path: str, confined: bool) -> None:
    """Fork the server; it listens when this returns, and ends with this process."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_path)
        listener.listen(64)
        if os.fork() == 0:
            confinement.die_with_parent(signal.SIGKILL)
            if confined:
                confinement.drop_privileges()
            _serve(listener)


def _serve(listener: socket.socket) -> None:
    """Fork a judge for each connection; never returns."""
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            try:
                confinement.set_limits(LIMITS)
                _answer(connection)
            except BaseException:
                traceback.print_exc()  # into the nursery's log; the grader is left without a reply
            finally:
                os._exit(0)
        connection.close()


def _answer(connection: socket.socket) -> None:
    """Answer one request: to prepare an exercise, or to judge answers, whose frames follow."""
    request = json.loads(receive_frame(connection)[1])
    if "prepare" in request:
        reply: dict[str, Any] = {"cases": _prepare(**request["prepare"])}
    else:
        hints = [
            judge_message(asked["exercise"], asked["seed"], receive_frame(connection)[1])
            for asked in request["judge"]
        ]
        reply = {"hints": plain(hints)}
    reply["seconds"] = time.process_time()
    send_frame(connection, JUDGE, json.dumps(reply).encode())


def _prepare(exercise: str, seed: int, folder: str) -> list[Case]:
    """Put what cases consist of into a folder's folders 0, 1, ...; return what else they tell."""
    check, prepared = find_check(exercise), []
    for number, case in enumerate(check.cases(seed)):
        where = Path(folder) / str(number)
        where.mkdir(parents=True)
        prepared.append(check.prepare(case, where))
    return prepared


def plain(hints: Iterable[Hint | None]) -> list[dict[str, Any] | None]:
    """Return hints as JSON holds them."""
    return [
        {"name": hint.name, "values": _plain_values(hint), "credit": hint.credit} if hint else None
        for hint in hints
    ]


def _plain_values(hint: Hint) -> dict[str, Any]:
    """Return a hint's values, bounded: they may quote a student's code."""
    return {
        name: value if isinstance(value, (int, float)) or value is None else str(value)[:500]
        for name, value in hint.values.items()
    }
