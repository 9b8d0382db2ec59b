"""One notebook's keeper: makes its namespaces, forks its kernel, watches what it uses.

The keeper stays outside the kernel's process namespace and is the only one that speaks with the
grader. It relays what the guard inside the kernel writes, passes interrupts on, and ends the
kernel when it uses too much or the grader hangs up.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from . import confinement
from .confinement import Limits
from .wire import GUARD, KEEPER, send_frame

PLACE = "/sandbox/kernel"  # where a kernel sees its own folder: connection file and sockets
HOME = "/sandbox/home"
SECONDS_BETWEEN_LOOKS = 0.1
RELAYED_AT_ONCE = 1 << 20
MOST_FILES = 1024


@dataclass
class Job:
    """What the grader asks for.

    Attributes:
        folder: the notebook's own folder, as the nursery sees it.
        limits: keyword arguments of `Limits`.
        connection: content of the kernel's connection file.
    """

    folder: str
    limits: dict
    connection: dict


@dataclass
class Usage:
    """What a notebook's processes used beside what all share, and the limit they broke, if any."""

    shared: int | None = None
    peak_memory: int = 0
    broke: str | None = None


def keep(connection: socket.socket, job: Job, confined: bool) -> None:
    """Run one kernel to its end; report how it went in a last frame."""
    limits = Limits(**job.limits)
    outer, inner = socket.socketpair()
    if confined:
        confinement.unshare(confinement.CLONE_NEWPID)  # for the child
    child = os.fork()
    if child == 0:
        connection.close()
        outer.close()
        _become_kernel(job, limits, inner, confined)
    inner.close()
    usage = Usage()
    try:
        _watch(connection, outer, child, limits, usage)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL) if confined else os.killpg(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    report = {
        "end": status,
        "broke": usage.broke,
        "peak_memory": usage.peak_memory,
        "kernel_seconds": used.ru_utime + used.ru_stime,
        "keeper_seconds": time.process_time(),
    }
    with contextlib.suppress(OSError):
        send_frame(connection, KEEPER, json.dumps(report).encode())


def _watch(
    connection: socket.socket, guard: socket.socket, child: int, limits: Limits, usage: Usage
) -> None:
    """Relay and look after the kernel until it ends, breaks a limit, or the grader hangs up."""
    ends = time.monotonic() + limits.notebook_seconds
    child_ended = os.pidfd_open(child)
    sources = [connection, guard, child_ended]
    while usage.broke is None:
        ready, _, _ = select.select(sources, [], [], SECONDS_BETWEEN_LOOKS)
        if guard in ready:
            data = guard.recv(RELAYED_AT_ONCE)
            if data:
                send_frame(connection, GUARD, data)
            else:
                sources.remove(guard)
        if connection in ready:
            command = connection.recv(1)
            if command in (b"", b"K"):
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGINT)
        if child_ended in ready and guard not in ready:
            return
        if time.monotonic() > ends:
            usage.broke = "notebook_seconds"
        _look(child, limits, usage)


def _look(child: int, limits: Limits, usage: Usage) -> None:
    """Measure what the kernel and everything it started use now."""
    pids = _family(child)
    if len(pids) > limits.processes:
        usage.broke = "processes"
        return
    resident = sum(_status_bytes(pid, ("RssAnon", "RssShmem")) for pid in pids)
    if usage.shared is None:
        usage.shared = resident
    own = resident - usage.shared
    if own > limits.memory and len(pids) > 1:  # forks share pages: count them once
        own = sum(_proportional_bytes(pid) for pid in pids)
    usage.peak_memory = max(usage.peak_memory, own)
    if own > limits.memory:
        usage.broke = "memory"


def _family(child: int) -> list[int]:
    """Return the kernel and all its descendants: the processes of its session or namespace."""
    try:
        namespace = _namespace(child)
    except OSError:
        return []
    shared = namespace == _namespace("self")
    family = []
    for pid in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
        with contextlib.suppress(OSError):
            if os.getsid(pid) == child if shared else _namespace(pid) == namespace:
                family.append(pid)
    return family


def _namespace(pid: int | str) -> Path:
    return Path(f"/proc/{pid}/ns/pid").readlink()


def _status_bytes(pid: int, names: tuple[str, ...]) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(names))
    return 0


def _proportional_bytes(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        wanted = ("Pss_Anon", "Pss_Shmem")
        return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(wanted))
    return 0


def _become_kernel(job: Job, limits: Limits, guard: socket.socket, confined: bool) -> None:
    """Confine this process and run the kernel in it; never returns."""
    code = 1
    try:
        os.setsid()
        confinement.die_with_parent(signal.SIGKILL)
        place = _enter(job, limits) if confined else job.folder
        _leave_only(guard.fileno())
        from .kernel import run_kernel

        code = run_kernel(job.connection, place, guard, confined)
    except BaseException:
        text = traceback.format_exc()
        with contextlib.suppress(OSError):
            guard.sendall(b"\0\0\0\0" + text.encode()[-2000:])
    finally:
        os._exit(code)


def _enter(job: Job, limits: Limits) -> str:
    """Show this process its own folder and nothing of the others; return where it is."""
    confinement.unshare(confinement.OWN_NAMESPACES)
    confinement.make_mounts_private()
    confinement.bind(job.folder, PLACE)
    hidden = [str(Path(job.folder).parent), *_folders_of_checks()]
    for folder in (*hidden, HOME, "/tmp", "/dev/shm"):
        confinement.scratch(folder, limits.file_bytes)
    for folder in ("/", "/dev"):  # bubblewrap's own, which all kernels share
        confinement.make_read_only(folder)
    confinement.fresh_proc()
    confinement.set_limits(limits)
    os.chdir(HOME)
    os.environ["HOME"] = HOME
    return PLACE


def _folders_of_checks() -> list[str]:
    """Return where the checks' sources are, judging half and all; they are imported already."""
    checks = sys.modules.get("lessonkit.checks")
    return list(checks.__path__) if checks else []


def _leave_only(*wanted: int) -> None:
    """Close every inherited file but the standard ones, and leave those nowhere to write to."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    kept = {0, 1, 2, *wanted}
    for number in range(3, MOST_FILES):
        if number not in kept:
            with contextlib.suppress(OSError):
                os.close(number)
