"""Executing a repaired notebook in a sandbox, and observing its answers there.

What comes back is plain data: outputs, observations, notes of the guard, and how the kernel
ended. Nothing here decides about points.
"""

import ast
import asyncio
import contextlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from gradekit.repair import grade_id_of
from gradekit.results import Incident
from gradekit.sandbox import Limits, Nursery
from gradekit.sandbox.inside.kernel import OBSERVE
from gradekit.sandbox.inside.wire import WireError, header_of
from gradekit.sandbox.launcher import SandboxedKernel
from gradekit.sandbox.provisioner import LARGEST_MESSAGE, SandboxedKernelManager

GRACE = 5.0  # seconds that an interrupted cell gets before its kernel is killed
START_SECONDS = 60
MOST_NOTES = 50
BROKEN_LIMITS = {
    "memory": "used more memory than the {:,} bytes allowed",
    "processes": "started more than the {} processes allowed",
    "notebook_seconds": "ran longer than the {:.0f} s allowed for a notebook",
}
KINDS = {"notebook_seconds": "timeout"}


@dataclass(frozen=True)
class Observation:
    """What the guard saw of one answer.

    Attributes:
        message: what `observe` returned for each case, as the guard sent it.
        seconds: time that it took.
        changed: names of watched functions that the notebook had replaced by then.
    """

    message: bytes
    seconds: float
    changed: tuple[str, ...]


@dataclass
class Execution:
    """How a notebook ran.

    Attributes:
        observations: grade id of a check -> what was seen; missing if it never came to that.
        incidents: what an instructor should know.
        cell_seconds: index -> seconds.
        seconds: wall time from the kernel's start.
        peak_memory: bytes.
        core_seconds: processor time of the notebook's own code.
        added_seconds: processor time that its kernel's start, its end and its keeper took.
    """

    observations: dict[str, Observation] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)
    cell_seconds: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0
    core_seconds: float = 0.0
    added_seconds: float = 0.0

    def note(self, kind: str, detail: str, cell: int | None = None) -> None:
        """Add an incident, once."""
        incident = Incident(kind, detail, cell)
        if incident not in self.incidents and len(self.incidents) < MOST_NOTES:
            self.incidents.append(incident)


def execute(
    notebook: NotebookNode, seeds: dict[str, int], limits: Limits, nursery: Nursery
) -> Execution:
    """Run a notebook's cells in order, in a kernel of its own; outputs are written into it.

    Args:
        notebook: a repaired notebook.
        seeds: exercise -> seed of the cases that its answer is tried on.
        limits: what it may use.
        nursery: where the kernel is forked.
    """
    done = Execution()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    runner = _Runner(notebook, seeds, limits, nursery, done)
    begin = time.perf_counter()
    try:
        asyncio.run(runner.async_execute())  # a loop of its own: threads would share one
    except (DeadKernelError, CellTimeoutError, RuntimeError, _TooMuchOutputError) as error:
        done.note("died", _reason(error), runner.current)
    except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
        # a message that is no Jupyter message: written by hand in the student's process
        done.note("tampering", f"sent a malformed message ({type(error).__name__})", runner.current)
    finally:
        runner.finish()
    done.seconds = time.perf_counter() - begin
    return done


class _TooMuchOutputError(Exception):
    """The notebook wrote more than it may."""


class _Runner(NotebookClient):
    """nbclient's notebook runner with kernels from the nursery, limits, and observed checks."""

    def __init__(
        self,
        notebook: NotebookNode,
        seeds: dict[str, int],
        limits: Limits,
        nursery: Nursery,
        done: Execution,
    ) -> None:
        super().__init__(
            notebook,
            timeout=None,
            startup_timeout=START_SECONDS,
            allow_errors=True,
            raise_on_iopub_timeout=False,
            iopub_timeout=10,
            shutdown_kernel="immediate",
            store_widget_state=False,
            record_timing=False,
        )
        self.seeds, self.limits, self.nursery, self.done = seeds, limits, nursery, done
        self.kernel: SandboxedKernel | None = None
        self.nonces: dict[str, str] = {}
        self.current: int | None = None
        self.written = 0
        self.prepared_seconds = 0.0

    def create_kernel_manager(self) -> SandboxedKernelManager:
        self.km = SandboxedKernelManager(self.nursery, self.limits)
        return self.km

    async def async_execute(self, *args: Any, **options: Any) -> NotebookNode:
        """Execute all cells; give up where a kernel keeps the client waiting for ever."""
        longest = START_SECONDS + self.limits.notebook_seconds + 4 * GRACE
        try:
            return await asyncio.wait_for(super().async_execute(*args, **options), longest)
        except TimeoutError:
            self.done.note("tampering", "kept the grader waiting for messages", self.current)
            return self.nb

    async def _async_poll_kernel_alive(self) -> None:
        with contextlib.suppress(AssertionError):  # nbclient's, where the kernel ended meanwhile
            await super()._async_poll_kernel_alive()

    async def async_start_new_kernel(self, **_options: Any) -> None:
        await super().async_start_new_kernel()
        self.kernel = self.km.kernel

    async def async_execute_cell(
        self, cell: NotebookNode, cell_index: int, *args: Any, **options: Any
    ) -> NotebookNode:
        """Execute a cell within its time; a check's cell asks the guard to observe instead."""
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        self.current = cell_index
        begin = time.perf_counter()
        watches = [
            asyncio.ensure_future(self._end_slow_cell(cell_index)),
            asyncio.ensure_future(self._end_cut_off_kernel(cell_index)),
        ]
        try:
            grade_id = grade_id_of(cell) or ""
            if grade_id.startswith("check-"):
                await self._observe(cell, cell_index, grade_id)
                return cell
            return await super().async_execute_cell(cell, cell_index, *args, **options)
        finally:
            for watch in watches:
                watch.cancel()
            self.done.cell_seconds[cell_index] = round(time.perf_counter() - begin, 3)

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        if msg["msg_type"] != "status":
            self.written += _size(msg["content"])
        if self.written > self.limits.output_bytes:
            text = f"wrote more than the {self.limits.output_bytes:,} bytes allowed"
            self.done.note("output", text, cell_index)
            self.kernel.kill()
            raise _TooMuchOutputError("wrote too much")
        return super().process_message(msg, cell, cell_index)

    def finish(self) -> None:
        """End the kernel and take down how it went."""
        if self.kernel is None:
            return
        self.kernel.close()
        report = self.kernel.report or {}
        self.done.peak_memory = int(report.get("peak_memory") or 0)
        self._take_processor_time(report)
        broke = report.get("broke")
        if broke in BROKEN_LIMITS:
            text = BROKEN_LIMITS[broke].format(getattr(self.limits, broke))
            self.done.note(KINDS.get(broke, broke), text, self.current)
        if self.kernel.trouble:
            self.done.note("tampering", f"the guard's channel broke: {self.kernel.trouble}"[:200])
        for message in self.kernel.messages:
            self._take_note(message)
        for nonce, grade_id in self.nonces.items():
            if sum(_names(message, nonce) for message in self.kernel.messages) > 1:
                self.done.observations.pop(grade_id, None)
                self.done.note("tampering", f"{grade_id}: more than one observation was sent")

    async def _end_slow_cell(self, index: int) -> None:
        await asyncio.sleep(self.limits.cell_seconds)
        text = f"ran longer than the {self.limits.cell_seconds:g} s allowed for a cell"
        self.done.note("timeout", text, index)
        self.kernel.interrupt()
        await asyncio.sleep(GRACE)
        self.done.note("timeout", "did not stop when interrupted; the notebook was ended", index)
        self.kernel.kill()

    async def _end_cut_off_kernel(self, index: int) -> None:
        """End a kernel whose message was too large: the client has broken its connection."""
        while not self.kc.cut_off:
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)
        if self.kernel.alive:
            text = f"sent a message of more than the {LARGEST_MESSAGE:,} bytes allowed"
            self.done.note("output", text, index)
            self.kernel.kill()

    async def _observe(self, cell: NotebookNode, cell_index: int, grade_id: str) -> None:
        exercise, answer = _call(cell.source)
        nonce, start = secrets.token_hex(8), len(self.kernel.messages)
        self.nonces[nonce] = grade_id
        cases = await self._cases(exercise)
        request = {"exercise": exercise, "answer": answer, "nonce": nonce, **cases}
        code = OBSERVE + json.dumps(request)
        asking = new_code_cell(code)
        try:
            await super().async_execute_cell(asking, cell_index, store_history=False)
        finally:
            self.nb.cells[cell_index] = cell  # nbclient puts what it executed in its place
        message = await asyncio.to_thread(
            self.kernel.await_message, lambda body: _names(body, nonce), start, GRACE
        )
        if message is None:
            return
        try:
            self.done.observations[grade_id] = _observation(message, nonce)
        except WireError as error:
            self.done.note("tampering", f"{grade_id}: {error}", cell_index)

    async def _cases(self, exercise: str) -> dict[str, Any]:
        """Return the seed of an answer's cases, or the cases if their seed would tell too much."""
        seed = self.seeds[exercise]
        if exercise not in self.nursery.prepared:
            return {"seed": seed}
        reply = await asyncio.to_thread(self.kernel.prepare, exercise, seed)
        self.prepared_seconds += reply["seconds"]
        return {"cases": reply["cases"]}

    def _take_processor_time(self, report: dict[str, Any]) -> None:
        started = 0.0
        if self.kernel.messages:  # the first is the guard's, sent before any student's code ran
            header, _ = header_of(self.kernel.messages[0])
            started = float(header["started"])
        self.done.core_seconds = max(0.0, float(report.get("kernel_seconds", 0.0)) - started)
        keeper = float(report.get("keeper_seconds", 0.0))
        self.done.added_seconds = started + keeper + self.prepared_seconds

    def _take_note(self, message: bytes) -> None:
        try:
            header, _ = header_of(message)
        except WireError:
            return
        if isinstance(header, dict) and "note" in header:
            kind = header["note"] if header["note"] in ("network", "files") else "tampering"
            self.done.note(kind, str(header.get("detail"))[:200])


def _names(message: bytes, nonce: str) -> bool:
    """Tell whether a message answers the request with this nonce."""
    return nonce.encode() in message[:2000]


def _observation(message: bytes, nonce: str) -> Observation:
    header, _ = header_of(message)
    try:
        if header["seen"] != nonce:
            raise WireError("an observation that was not asked for")
        seconds, changed = float(header["seconds"]), tuple(map(str, header["changed"]))
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"an observation of unknown form ({type(error).__name__})") from error
    return Observation(message, seconds, changed[:20])


def _call(source: str) -> tuple[str, str]:
    """Return the exercise and the expression of its answer in a released `check(...)` cell."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "check":
            return ast.literal_eval(node.args[0]), ast.unparse(node.args[1])
    raise ValueError(f"a check cell without a check: {source[:80]!r}")


def _size(content: Any) -> int:
    """Return about how many characters a message's content holds."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, dict):
        return sum(_size(part) for part in content.values()) + len(content)
    if isinstance(content, (list, tuple)):
        return sum(map(_size, content)) + len(content)
    return 8


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
