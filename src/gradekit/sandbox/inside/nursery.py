"""The warm parent: imports what lessons import once, then forks a kernel for each notebook.

usage: python -m inside.nursery SOCKET JUDGE_SOCKET WARM_UP_FILE [--unconfined]

Runs inside bubblewrap, with capabilities in its own user namespace only. One connection is one
notebook: its first line is the job, as JSON; the frames that follow are `keeper`'s.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

from . import guard
from .halves import drop_judging
from .judge import prepared_exercises, start_judge
from .keeper import Job, keep

LONGEST_JOB = 65_536  # bytes
KERNELS_OWN = (  # what a kernel imports while it starts
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "matplotlib_inline.backend_inline",
    "tornado.platform.asyncio",
)


def main(arguments: list[str]) -> int:
    """Serve until the standard input ends, which the grader holds open."""
    socket_path, judge_path, warm_up_file = arguments[:3]
    confined = "--unconfined" not in arguments
    gc.disable()  # what is imported stays; looking for garbage meanwhile is a sixth of the time
    warm_up(Path(warm_up_file).read_text(encoding="utf-8"))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the system
    gc.collect()
    gc.freeze()  # collecting in a child must not copy the parent's pages
    gc.enable()
    start_judge(judge_path, confined)
    prepared = prepared_exercises()
    leave_judging_out()
    guard.take_snapshot()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_path)
        listener.listen(64)
        print("ready", *prepared, flush=True)
        serve(listener, confined)
    return 0


def warm_up(statements: str) -> None:
    """Do once what every notebook would do first, so that children need not.

    Nothing of it may start threads: a child of a process with threads can hang.
    """
    for module in KERNELS_OWN:
        importlib.import_module(module)
    from . import kernel  # noqa: F401

    names: dict[str, object] = {}
    for statement in statements.split("\n\n"):
        with contextlib.suppress(Exception):  # a notebook that needs it will say what is wrong
            exec(statement, names)
    names.clear()


def leave_judging_out() -> None:
    """Drop what decides about answers: here they are only observed."""
    from lessonkit.checks import core

    shared = ("lessonkit.checks", "lessonkit.checks.core", "lessonkit.checks.display")
    modules = [
        module
        for name, module in sys.modules.items()
        if name.startswith("lessonkit.checks.") and name not in shared
    ]
    drop_judging(core._checks.values(), modules)


def serve(listener: socket.socket, confined: bool) -> None:
    """Fork a keeper for each connection."""
    import select

    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready and not sys.stdin.buffer.read1(1):
            return
        if listener not in ready:
            continue
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            os._exit(_keep(connection, confined))
        connection.close()


def _keep(connection: socket.socket, confined: bool) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line = b""
    while not line.endswith(b"\n") and len(line) < LONGEST_JOB:
        part = connection.recv(1)
        if not part:
            return 1
        line += part
    keep(connection, Job(**json.loads(line)), confined)
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # taking down all modules one by one would take a second
