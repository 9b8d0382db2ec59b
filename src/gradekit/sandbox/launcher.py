"""Starting the nursery in bubblewrap, and kernels in the nursery."""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import huggingface_hub.constants

from gradekit.course import CourseError
from gradekit.sandbox.inside.confinement import Limits
from gradekit.sandbox.inside.keeper import HOME, PLACE
from gradekit.sandbox.inside.wire import (
    GRADER,
    GUARD,
    LARGEST_FRAME,
    WireError,
    receive_frame,
    send_frame,
)
from lessonkit.paths import ROOT

START_SECONDS = 300
JUDGING_SECONDS = 120
PREFIX = "gradekit-nursery-"  # of temporary folders
MOST_HEARD = 100_000_000  # bytes from one guard
JOBS, CODE = "/sandbox/jobs", "/sandbox/code"
INSIDE = Path(__file__).parent / "inside"
SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/fonts")
STUDENTS_CODE = ("src/lessonkit", "src/sentinel", "data")


class SandboxError(CourseError):
    """No sandbox can be had; the text says what to do."""


class Nursery:
    """The warm parent of all sandboxed kernels of this process; it warms up in the background.

    Args:
        warm_up: statements, with empty lines between them, that do once what every notebook
            would do first: imports above all.
        threads: threads that each notebook computes with.
        profile: the lessons' profile.
        unsafe: without bubblewrap and namespaces: for one's own notebooks only.

    Raises:
        SandboxError: bubblewrap is missing, or the course lies where sandboxes do not see it.
    """

    def __init__(
        self, warm_up: str, threads: int = 1, profile: str = "grading", *, unsafe: bool = False
    ) -> None:
        self.unsafe = unsafe
        self.folder, self._claim = _new_folder()
        (self.folder / "jobs").mkdir()
        (self.folder / "jobs" / "warm_up.txt").write_text(warm_up, encoding="utf-8")
        self._log = (self.folder / "nursery.log").open("w+b")
        command = self._plain_command() if unsafe else self._bubblewrap_command()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(threads, profile, self._scratch()),
        )
        self._waiting, self._ready = threading.Lock(), False
        self._prepared: frozenset[str] = frozenset()

    def start_kernel(self, limits: Limits) -> "SandboxedKernel":
        """Fork a kernel for one notebook."""
        self.wait_until_ready()
        if not self.alive:
            raise SandboxError(f"the sandbox's parent process has ended: {self._complaint()}")
        return SandboxedKernel(self, limits)

    @property
    def prepared(self) -> frozenset[str]:
        """The exercises whose cases are prepared outside of the notebooks."""
        self.wait_until_ready()
        return self._prepared

    def judge(self, answers: Sequence[tuple[str, int, bytes]]) -> dict[str, Any] | None:
        """Have a notebook's answers judged.

        Args:
            answers: each one's exercise, seed, and observations as the guard sent them.

        Returns:
            "hints", one for each answer, None for a right one, and the processor time in
            "seconds"; None if these observations ended the judge or took it too long.

        Raises:
            SandboxError: the judge's server has ended.
        """
        asked = [{"exercise": exercise, "seed": seed} for exercise, seed, _ in answers]
        return self.ask({"judge": asked}, [message for _, _, message in answers])

    def ask(self, request: dict[str, Any], frames: Sequence[bytes] = ()) -> dict[str, Any] | None:
        """Send the judge a request, see `inside.judge`, and return its reply, or None without one.

        Raises:
            SandboxError: the judge's server has ended.
        """
        self.wait_until_ready()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(JUDGING_SECONDS)
            try:
                connection.connect(str(self.folder / "jobs" / "judge.sock"))
            except OSError as error:
                raise SandboxError(f"nobody judges any more: {self._complaint()}") from error
            with contextlib.suppress(OSError, WireError):
                for frame in (json.dumps(request).encode(), *frames):
                    send_frame(connection, GRADER, frame)
                reply = receive_frame(connection)
                return json.loads(reply[1]) if reply else None
        return None

    def close(self) -> None:
        """End the nursery and every kernel in it."""
        self._process.stdin.close()
        if self._ready:  # before, it does not read
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._claim)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> "Nursery":
        try:
            self.wait_until_ready()
        except SandboxError:
            self.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def jobs(self) -> Path:
        """The folder of kernels' folders, as the nursery sees it."""
        return self.folder / "jobs" if self.unsafe else Path(JOBS)

    def _scratch(self) -> str:
        return str(self.folder) if self.unsafe else "/tmp"

    def wait_until_ready(self) -> None:
        """Wait until kernels can be forked.

        Raises:
            SandboxError: the system forbids namespaces.
        """
        with self._waiting:
            if not self._ready:
                self._await_first_line()
                self._ready = True

    def _await_first_line(self) -> None:
        timer = threading.Timer(START_SECONDS, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        ready, *prepared = line.decode(errors="replace").split() or [""]
        self._prepared = frozenset(prepared)
        if ready != "ready":
            self._process.kill()
            self._process.wait()
            raise SandboxError(
                f"the sandbox does not start: {self._complaint()}\n"
                "bubblewrap needs unprivileged user namespaces (Debian, Ubuntu: `sysctl "
                "kernel.unprivileged_userns_clone=1`, "
                "`kernel.apparmor_restrict_unprivileged_userns=0`; in Docker: "
                "`--security-opt seccomp=unconfined`). `--unsafe` runs notebooks with your own "
                "rights instead: only for ones that you trust."
            )

    def _complaint(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no message"

    def _arguments(self) -> list[str]:
        return [
            *(sys.executable, "-m", "inside.nursery"),
            *(str(self.jobs / name) for name in ("nursery.sock", "judge.sock", "warm_up.txt")),
        ]

    def _plain_command(self) -> list[str]:
        return [*self._arguments(), "--unconfined"]

    def _bubblewrap_command(self) -> list[str]:
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxError(
                "bubblewrap (bwrap) is not installed, and without it submissions would run with "
                "your rights: install it (Debian, Ubuntu: `apt install bubblewrap`; Fedora: `dnf "
                "install bubblewrap`), or give `--unsafe` if you trust every submission."
            )
        for folder in (ROOT, Path(sys.prefix), Path(sys.base_prefix)):
            if folder.is_relative_to("/tmp"):
                raise SandboxError(
                    f"{folder} cannot be seen in a sandbox, which has a /tmp of its own: move the "
                    "repository to another place and make its environment anew there"
                )
        namespaces = ["--unshare-all", "--die-with-parent", "--new-session"]
        namespaces += ["--cap-add", "ALL", "--hostname", "grader"]
        mounts = [part for path in _visible_folders() for part in ("--ro-bind", path, path)]
        for link in SYSTEM_FOLDERS:
            if Path(link).is_symlink():
                mounts += ["--symlink", str(Path(link).readlink()), link]
        places = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        places += ["--dir", PLACE, "--dir", HOME, "--bind", str(self.folder / "jobs"), JOBS]
        places += ["--ro-bind", str(INSIDE), f"{CODE}/inside", "--chdir", "/tmp"]
        return [program, *namespaces, *mounts, *places, "--", *self._arguments()]


@dataclass
class SandboxedKernel:
    """One notebook's kernel: its sockets, its interrupts, what its guard says.

    Attributes:
        folder, place: its own folder, from outside and as the notebook sees it, where it is
            read-only.
        messages: the guard's messages, in order.
        report: how the keeper says that it ended; None while it runs.
        trouble: why the stream of messages cannot be trusted any more, or None.
    """

    nursery: Nursery
    limits: Limits
    messages: list[bytes] = field(default_factory=list)
    report: dict[str, Any] | None = None
    trouble: str | None = None

    def __post_init__(self) -> None:
        name = uuid4().hex[:12]
        self.folder = self.nursery.folder / "jobs" / name
        self.folder.mkdir(mode=0o700)
        self._key = uuid4().hex
        self.place = place = str(self.folder) if self.nursery.unsafe else PLACE
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._stream, self._heard = b"", 0
        job = {
            "folder": str(self.nursery.jobs / name),
            "limits": asdict(self.limits),
            "connection": self._connection(place),
        }
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(self.nursery.folder / "jobs" / "nursery.sock"))
        self._socket.sendall(json.dumps(job).encode() + b"\n")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def connection_info(self) -> dict[str, Any]:
        """Return what a jupyter client needs to reach the kernel."""
        return {**self._connection(str(self.folder)), "key": self._key.encode()}

    def prepare(self, exercise: str, seed: int) -> dict[str, Any]:
        """Put what an exercise's cases consist of into the kernel's folder.

        Returns:
            "cases", which say "where" in the notebook's eyes, and the processor time in "seconds".

        Raises:
            SandboxError: they cannot be prepared.
        """
        folder = f"given/{uuid4().hex[:12]}"
        place = str(self.nursery.jobs / self.folder.name / folder)
        asked = {"exercise": exercise, "seed": seed, "folder": place}
        reply = self.nursery.ask({"prepare": asked})
        if reply is None:
            raise SandboxError(f"the cases of {exercise} cannot be prepared")
        for number, case in enumerate(reply["cases"]):
            case["where"] = f"{self.place}/{folder}/{number}"
        return reply

    def interrupt(self) -> None:
        """Interrupt the running cell, as Ctrl-C would."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b"I")

    def kill(self) -> None:
        """End the kernel and everything it started."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b"K")

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the kernel's end; tell whether it has ended."""
        return self._ended.wait(seconds)

    def await_message(
        self, wanted: Callable[[bytes], bool], start: int, seconds: float
    ) -> bytes | None:
        """Return the first message from `start` on that is wanted, waiting for it if need be."""
        found: list[bytes] = []

        def look() -> bool:
            found[:] = [m for m in self.messages[start:] if wanted(m)]
            return bool(found) or not self.alive or self.trouble is not None

        with self._changed:
            self._changed.wait_for(look, seconds)
        return found[0] if found else None

    def close(self) -> None:
        """Kill the kernel if it still runs, and remove its folder."""
        self.kill()
        self._ended.wait(5)
        self._socket.close()
        self._reader.join(5)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _connection(self, place: str) -> dict[str, Any]:
        ports = ("shell", "iopub", "stdin", "control", "hb")
        return {
            "transport": "ipc",
            "ip": f"{place}/k",
            "key": self._key,
            "signature_scheme": "hmac-sha256",
            **{f"{name}_port": number for number, name in enumerate(ports, 1)},
        }

    def _read(self) -> None:
        try:
            while (frame := receive_frame(self._socket)) is not None:
                sender, body = frame
                if sender == GUARD:
                    self._take(body)
                else:
                    self.report = json.loads(body)
        except (OSError, WireError, ValueError) as error:
            self.trouble = self.trouble or str(error)
        finally:
            with self._changed:
                self._ended.set()
                self._changed.notify_all()

    def _take(self, data: bytes) -> None:
        """Join what the guard wrote into messages; give up on a stream that is none."""
        if self.trouble is not None:
            return
        self._heard += len(data)
        if self._heard > MOST_HEARD:
            self.trouble = "more was sent than observations can hold"
            self.kill()
            return
        self._stream += data
        with self._changed:
            while len(self._stream) >= 4:
                length = int.from_bytes(self._stream[:4], "big")
                if not 0 < length <= LARGEST_FRAME:
                    text = self._stream[4:].decode(errors="replace")
                    self.trouble = f"the kernel did not start: {text}" if not length else "forged"
                    break
                if len(self._stream) < 4 + length:
                    break
                self.messages.append(self._stream[4 : 4 + length])
                self._stream = self._stream[4 + length :]
            self._changed.notify_all()


def _new_folder() -> tuple[Path, int]:
    """Return a folder for this process and the lock that says so, held until the process ends.

    Folders that killed processes have left behind are removed.
    """
    for old in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), _claimed(old):  # others claim their own
            shutil.rmtree(old)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():  # another process did not take it for one left behind
            return folder, lock
        os.close(lock)


@contextlib.contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def _visible_folders() -> list[str]:
    """Return the paths that the sandbox shows, read-only: system, Python, what students have."""
    folders = [path for path in SYSTEM_FOLDERS if not Path(path).is_symlink()]
    folders += [*SYSTEM_FILES, sys.base_prefix, sys.prefix]
    folders += [str(ROOT / part) for part in STUDENTS_CODE]
    folders.append(huggingface_hub.constants.HF_HUB_CACHE)
    return [path for path in dict.fromkeys(folders) if Path(path).exists()]


def _environment(threads: int, profile: str, scratch: str) -> dict[str, str]:
    """Return the nursery's whole environment; nothing of the grader's own reaches it."""
    counted = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": scratch,
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{INSIDE.parent}" if scratch != "/tmp" else CODE,
        "LESSON_PROFILE": profile,
        "NBGRADER_EXECUTION": "autograde",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_CACHE": huggingface_hub.constants.HF_HUB_CACHE,
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_DISABLE": "1",  # nobody looks at progress bars
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": f"{scratch}/matplotlib",
        "PYTHONDONTWRITEBYTECODE": "1",
        **dict.fromkeys(counted, str(threads)),
    }
