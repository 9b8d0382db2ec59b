"""The part of the grader inside a student's process: observes answers, notes tampering.

It decides nothing, and what it says is not trusted: it runs beside hostile code, which could in
the end imitate it. To be worth points, an imitation would have to compute the right results for
cases that it has not seen.
"""

import contextlib
import os
import socket
import struct
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .wire import encode, pack

# Modules and classes whose functions an observation relies on.
WATCHED = (
    "builtins",
    "contextlib",
    "inspect",
    "io",
    "json",
    "json.decoder",
    "json.encoder",
    "math",
    "numpy",
    "safetensors",
    "safetensors.torch",
    "sklearn.linear_model",
    "torch",
    "torch.autograd",
    "torch.nn",
    "torch.nn.functional",
    "torch.optim",
    "torch.random",
    "torch.utils.data",
    "transformers",
    "peft",
)
WATCHED_CLASSES = (
    "torch:Tensor",
    "torch:Generator",
    "torch.nn:Module",
    "torch.nn:Parameter",
    "torch.nn:Linear",
    "torch.nn:Embedding",
    "torch.nn:LayerNorm",
    "torch.nn:Dropout",
    "torch.nn:Sequential",
    "json.encoder:JSONEncoder",
    "transformers.models.bert.modeling_bert:BertModel",
)
WATCHED_PACKAGES = ("lessonkit", "sentinel", "inside")
# Replaced by honest code as well: representations, and what imports and IPython do themselves.
IGNORED = {"__repr__", "__str__", "_", "__", "___", "display", "get_ipython", "exit", "quit"}
MOST_NOTES = 200

_Originals = dict[str, tuple[dict, str, Any, Any]]


def _make_guard() -> tuple[Callable[..., None], ...]:
    """Return the guard's functions; what they rely on is kept where no module shows it."""
    save: list[Callable[[dict], bytes]] = []
    finders: list[Any] = []
    originals: _Originals = {}
    channels: list[socket.socket] = []
    processor_time = time.process_time
    clock, make, encoded, compiled, evaluate = time.perf_counter, pack, encode, compile, eval
    process = os.getpid
    owners: list[int] = []
    notes: list[int] = []

    def take_snapshot() -> None:
        import safetensors.torch

        from lessonkit.checks import core

        save.append(safetensors.torch.save)
        finders.append((core.find_check, core.observe_answer))
        originals.update(_functions_now())

    def watch(channel: socket.socket) -> None:
        channels.append(channel)
        owners.append(process())
        send({"started": processor_time()}, {})
        sys.addaudithook(_audit_hook(note))

    def note(kind: str, detail: str) -> None:
        if process() != owners[0] or len(notes) >= MOST_NOTES:
            return
        notes.append(1)
        send({"note": kind, "detail": detail[:200]}, {})

    def observe(request: dict, names: dict[str, Any]) -> None:
        find, run = finders[0]
        changed = _changes(originals)
        answer, observations = None, []
        begin = clock()
        try:
            answer = evaluate(compiled(request["answer"], "<answer>", "eval"), names)
        except Exception as error:
            observations = [{"error": _describe(error)}]
        else:
            check = find(request["exercise"])
            for case in check.cases(request["seed"]):
                observations.append(_guarded(run, check, answer, case))
        seconds = clock() - begin
        changed += [name for name in _changes(originals) if name not in changed]
        try:
            coded, tensors = encoded(observations)
        except TypeError as error:
            coded, tensors = encoded([{"error": _describe(error)}])
        head = {"seen": request["nonce"], "seconds": seconds, "changed": changed[:20]}
        send({**head, "observations": coded}, tensors)

    def send(header: dict, tensors: dict[str, Any]) -> None:
        body = make(header, tensors, save[0])
        channels[0].sendall(struct.pack(">I", len(body)) + body)

    return take_snapshot, watch, observe


def _guarded(run: Callable, check: Any, answer: Any, case: Any) -> dict[str, Any]:
    """Observe one case; what would end the kernel becomes an error that was seen."""
    try:
        return run(check, answer, case)
    except (SystemExit, GeneratorExit) as error:
        return {"error": _describe(error)}


def _describe(error: BaseException) -> dict[str, str]:
    return {"type": type(error).__name__, "message": str(error)[:300], "line": ""}


def _functions_now() -> _Originals:
    """Return what is watched: name -> (namespace, key, object, its code)."""
    found: _Originals = {}
    for label, namespace in _namespaces():
        for key, value in list(namespace.items()):
            if key not in IGNORED and callable(getattr(value, "__func__", value)):
                code = getattr(value, "__code__", None)
                found[f"{label}.{key}"] = (namespace, key, value, code)
    return found


def _namespaces() -> Iterator[tuple[str, Any]]:
    for name in WATCHED:
        if name in sys.modules:
            yield name, vars(sys.modules[name])
    for entry in WATCHED_CLASSES:
        module, _, name = entry.partition(":")
        if module in sys.modules and name in vars(sys.modules[module]):
            yield f"{module}.{name}", vars(vars(sys.modules[module])[name])
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in WATCHED_PACKAGES and isinstance(module, types.ModuleType):
            yield name, vars(module)
            for key, value in list(vars(module).items()):
                if isinstance(value, type) and value.__module__ == name:
                    yield f"{name}.{key}", vars(value)


def _changes(originals: _Originals) -> list[str]:
    """Return the names of watched functions that are not what they were."""
    changed = []
    for label, (namespace, key, value, code) in originals.items():
        now = namespace.get(key, value)
        if now is not value or getattr(now, "__code__", None) is not code:
            changed.append(label)
    return changed


# Events (Python's audit events table) that an honest notebook has no use for.
TELLING = {
    "socket.connect": "network",
    "socket.getaddrinfo": "network",
    "socket.sendto": "network",
    "gc.get_objects": "tampering",
    "gc.get_referrers": "tampering",
    "gc.get_referents": "tampering",
    "os.kill": "tampering",
    "os.killpg": "tampering",
    "signal.pthread_kill": "tampering",
    "sys.settrace": "tampering",
    "sys.setprofile": "tampering",
    "sys.addaudithook": "tampering",
    "os.symlink": "files",
    "os.link": "files",
    "os.chroot": "tampering",
    "os.setuid": "tampering",
}
SECRET = ("gradebook", "hidden_seeds", "/grading", "submitted", "autograded", "kernel.json")
OUTSIDE = ("/etc/", "/root", "/home", "/proc/", "/sandbox/kernel", "/sandbox/jobs", "/sys/")
HARMLESS = ("/etc/localtime", "/etc/mime", "/etc/ssl", "/etc/hosts", "/etc/nsswitch")
HARMLESS += ("/sys/devices", "/proc/self/", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat")
HARMLESS += ("/proc/mounts", "/proc/filesystems")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_OWN = ("/sandbox/home", "/tmp", "/dev/", "/proc/self/")


def _audit_hook(note: Callable[[str, str], None]) -> Callable[[str, tuple], None]:
    busy: list[int] = []
    text, fspath, isabs = str, os.fspath, os.path.isabs
    course = Path(sys.modules["lessonkit"].__file__).parents[2]
    visible = (*HARMLESS, sys.prefix, sys.base_prefix, *filter(None, sys.path))
    visible += (str(course / "src"), str(course / "data"))
    visible += (os.environ["HF_HUB_CACHE"],)

    def suspicion(event: str, arguments: tuple) -> tuple[str, str] | None:
        if event in TELLING:
            own = event == "socket.connect" and arguments[0].family == socket.AF_UNIX
            if own and text(arguments[1]).startswith("/tmp/"):  # multiprocessing's
                return None
            return TELLING[event], event
        if event in ("open", "os.listdir", "os.scandir") and arguments:
            return opened(event, arguments)
        return None

    def opened(event: str, arguments: tuple) -> tuple[str, str] | None:
        if not isinstance(arguments[0], (str, bytes, os.PathLike)):
            return None
        path = fspath(arguments[0])
        path = path.decode(errors="replace") if isinstance(path, bytes) else path
        if any(part in path for part in SECRET) and not path.startswith(visible):
            return "files", f"{event} {path}"
        if path.startswith(OUTSIDE) and not path.startswith(visible):
            return "files", f"{event} {path}"
        flags = arguments[2] if event == "open" and len(arguments) > 2 else 0
        writes = isinstance(flags, int) and flags & _WRITES
        if writes and isabs(path) and not path.startswith(_OWN):
            return "files", f"open {path} for writing"
        return None

    def hook(event: str, arguments: tuple) -> None:
        if busy:
            return
        busy.append(1)
        try:
            with contextlib.suppress(Exception):  # a hook that raises would stop honest code
                if found := suspicion(event, arguments):
                    note(*map(text, found))
        finally:
            busy.clear()

    return hook


take_snapshot, watch, observe = _make_guard()
