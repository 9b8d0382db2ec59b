"""The part of the grader inside a student's process: observes answers, notes tampering.

It decides nothing, and what it says is not trusted: it runs beside hostile code, which could in
the end imitate it. To be worth points, an imitation would have to compute the right results for
cases that it has not seen.
"""

import builtins
import contextlib
import functools
import os
import signal
import socket
import struct
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from operator import attrgetter, is_
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
    "ipykernel.ipkernel:IPythonKernel",
    "ipykernel.kernelbase:Kernel",
    "jupyter_client.session:Session",
    "transformers.models.bert.modeling_bert:BertModel",
)
WATCHED_PACKAGES = ("lessonkit", "sentinel", "inside")
# Replaced by honest code as well: representations, and what imports and IPython do themselves.
IGNORED = {"__repr__", "__str__", "_", "__", "___", "display", "get_ipython", "exit", "quit"}
# Hides a name of a base class or a built-in where honest code runs, too.
UNTELLING = {"__doc__", "__module__", "__builtins__", "__annotations__", "_instance"}
MOST_NOTES = 200
# Parts of IPython's shell that decide what runs and what is shown.
SHELL_LISTS = ("ast_transformers", "input_transformers_cleanup", "input_transformers_post")
SHELL_PARTS = ("display_pub", "display_formatter", "displayhook", "kernel")


def _make_guard() -> tuple[Callable[..., None], ...]:
    """Return the guard's functions.

    What they rely on is kept in variables that no module shows and no attribute leads to; code
    that walks the interpreter's objects to reach them is reported before it gets there.
    """
    save: list[Callable[[dict], bytes]] = []
    finders: list[Any] = []
    kinds: dict[str, type] = {}
    watchers: list[Callable[[], list[str]]] = []
    modules: dict[str, Any] = {}
    kernels: list[Any] = []
    own: dict[int, tuple[Any, dict[str, Any]]] = {}
    channels: list[socket.socket] = []
    owners: list[int] = []
    notes: list[int] = []
    reached: list[str] = []
    clock, make, encoded, compiled, evaluate = time.perf_counter, pack, encode, compile, eval
    process, describe, tracing = os.getpid, _describe, (sys.gettrace, sys.getprofile)
    set_handler, plain_length = signal.signal, struct.Struct(">I").pack
    one_at_a_time, now = threading.Lock(), sys.modules

    def take_snapshot() -> None:
        import safetensors.torch

        from lessonkit.checks import core

        save.append(safetensors.torch.save)
        finders.append(core.observe_answer)
        kinds.update({name: type(check) for name, check in core._checks.items()})
        watchers.extend(_watchers())
        modules.update({name: sys.modules[name] for name in WATCHED if name in sys.modules})

    def watch(channel: socket.socket, kernel: Any) -> None:
        channels.append(channel)
        owners.append(process())
        kernels.append(kernel)
        shell = kernel.shell
        parts = (kernel, kernel.session, shell, *(getattr(shell, part) for part in SHELL_PARTS[:3]))
        own.update({id(part): (part, dict(vars(part))) for part in parts})
        own[0] = (kernel.shell_handlers, dict(kernel.shell_handlers))
        own[1] = (shell, {name: list(getattr(shell, name)) for name in SHELL_LISTS})
        send({"started": time.process_time()}, {})
        sys.addaudithook(_audit_hook(note))

    def note(kind: str, detail: str) -> None:
        if process() != owners[0] or len(notes) >= MOST_NOTES:
            return
        notes.append(1)
        if detail.startswith("gc."):
            reached.append(detail)
        send({"note": kind, "detail": detail[:200]}, {})

    def changes() -> list[str]:
        """Return the names of watched functions and modules that are not what they were."""
        found = [name for name, module in modules.items() if now.get(name) is not module]
        for changed in watchers:
            found += changed()
        found += ["tracing" for trace in tracing if trace() is not None]
        return found + reached + overridden(kernels[0], kernels[0].session) + handlers()

    def overridden(*parts: Any) -> list[str]:
        """Return methods that an object has been given in place of its class's."""
        return [
            f"{type(part).__name__}.{name}"
            for part in parts
            for name, value in vars(part).items()
            if callable(value) and hasattr(type(part), name) and name not in own[id(part)][1]
        ]

    def handlers() -> list[str]:
        table, before = own[0]
        return ["kernel.shell_handlers"] if dict(table) != before else []

    def meddled_with() -> list[str]:
        """Return the parts of IPython's shell that are not what they were."""
        shell, before = own[1]
        parts = [getattr(shell, name) for name in SHELL_PARTS]
        replaced = [n for n, part in zip(SHELL_PARTS, parts, strict=True) if id(part) not in own]
        known = [part for part in (shell, *parts) if id(part) in own]
        lists = [name for name in SHELL_LISTS if list(getattr(shell, name)) != before[name]]
        return replaced + lists + overridden(*known)

    def observe(request: dict, names: dict[str, Any]) -> None:
        changed, begin = changes(), clock()
        observations: list[Any] = []
        try:
            answer = evaluate(compiled(request["answer"], "<answer>", "eval"), names)
            check = kinds[request["exercise"]]()
            given = request.get("cases")
            for case in check.cases(request["seed"]) if given is None else given:
                observations.append(finders[0](check, answer, case))
        except BaseException as error:  # also what would end the kernel, and the grader's interrupt
            observations.append({"error": describe(error)})
        seconds = clock() - begin
        handler = set_handler(signal.SIGINT, signal.SIG_IGN)  # a message is sent whole
        try:
            changed += [name for name in changes() if name not in changed]
            try:
                coded, tensors = encoded(observations)
            except Exception as error:
                coded, tensors = encoded([{"error": describe(error)}])
            head = {"seen": request["nonce"], "seconds": seconds, "changed": changed[:20]}
            send({**head, "observations": coded}, tensors)
            if found := meddled_with():
                note("tampering", f"changed IPython's {', '.join(found)}")
        finally:
            set_handler(signal.SIGINT, handler)

    def send(header: dict, tensors: dict[str, Any]) -> None:
        body = make(header, tensors, save[0])
        if one_at_a_time.acquire(timeout=1):
            try:
                channels[0].sendall(plain_length(len(body)) + body)
            finally:
                one_at_a_time.release()

    return _sealed(take_snapshot), _sealed(watch), _sealed(observe)


def _sealed(function: Callable[..., None]) -> Callable[..., None]:
    """Return a callable that no attribute of leads to the function and what it keeps."""
    sealed = functools.lru_cache(maxsize=0)(function)
    del sealed.__wrapped__
    return sealed


def _describe(error: BaseException) -> dict[str, str]:
    try:
        message = str(error)[:300]
    except Exception:
        message = ""
    return {"type": type(error).__name__, "message": message, "line": ""}


def _watcher(label: str, owner: Any) -> Callable[[], list[str]]:
    """Return a function that names what was replaced in a module or class from now on.

    It also names what was put there and hides a name of a base class or a built-in. It is called
    often and seldom finds anything, so it first compares all at once.
    """
    namespace = vars(owner)
    bases = owner.__mro__[1:] if isinstance(owner, type) else [builtins]
    hideable = set().union(*map(vars, bases)) - set(namespace) - IGNORED - UNTELLING
    kept = {k: v for k, v in namespace.items() if k not in IGNORED and _matters(v)}
    keys, values = list(kept), list(kept.values())
    functions = {k: f for k, v in kept.items() if isinstance(f := _function(v), _FUNCTION)}
    bodies, consists = list(functions.values()), attrgetter(*_PARTS)
    before = list(map(consists, bodies))
    look_up, every, each, same = namespace.get, all, map, is_

    def changes() -> list[str]:
        intact = every(each(same, each(look_up, keys, values), values))
        if intact and not any_changed() and namespace.keys().isdisjoint(hideable):
            return []
        found = [k for k, v in kept.items() if look_up(k, v) is not v]
        found += [
            k
            for (k, function), parts in zip(functions.items(), before, strict=True)
            if not every(each(same, consists(function), parts))
        ]
        found += [k for k in hideable if k in namespace]
        return [f"{label}.{key}" for key in dict.fromkeys(found)]

    def any_changed() -> bool:
        return not every(
            every(each(same, now, parts))
            for now, parts in zip(each(consists, bodies), before, strict=True)
        )

    return changes


_FUNCTION = types.FunctionType
_PARTS = ("__code__", "__defaults__", "__kwdefaults__")


def _function(value: Any) -> Any:
    return getattr(value, "__func__", value)


def _matters(value: Any) -> bool:
    return isinstance(value, (types.ModuleType, property)) or callable(_function(value))


def _watchers() -> Iterator[Callable[[], list[str]]]:
    for name in WATCHED:
        if name in sys.modules:
            yield _watcher(name, sys.modules[name])
    for entry in WATCHED_CLASSES:
        module, _, name = entry.partition(":")
        if module in sys.modules and name in vars(sys.modules[module]):
            yield _watcher(f"{module}.{name}", vars(sys.modules[module])[name])
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in WATCHED_PACKAGES and isinstance(module, types.ModuleType):
            yield _watcher(name, module)
            for key, value in list(vars(module).items()):
                if isinstance(value, type) and value.__module__ == name:
                    yield _watcher(f"{name}.{key}", value)


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
HARMLESS += ("/sandbox/kernel/given/",)  # what the grader has prepared for an answer
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_OWN = ("/sandbox/home", "/tmp", "/dev/", "/proc/self/")


def _audit_hook(note: Callable[[str, str], None]) -> Callable[[str, tuple], None]:
    busy: list[int] = []
    noticed = {*TELLING, "open", "os.listdir", "os.scandir"}
    text, fspath, isabs = str, os.fspath, os.path.isabs
    course = Path(sys.modules["lessonkit"].__file__).parents[2]
    packages = (path for path in sys.path if path and not path.startswith(_OWN))
    visible = (*HARMLESS, sys.prefix, sys.base_prefix, *packages)
    visible += (str(course / "src"), str(course / "data"))
    visible += (os.environ["HF_HUB_CACHE"],)

    def suspicion(event: str, arguments: tuple) -> tuple[str, str] | None:
        if event in TELLING:
            local = event == "socket.connect" and arguments[0].family == socket.AF_UNIX
            if local and text(arguments[1]).startswith("/tmp/"):  # multiprocessing's
                return None
            if event == "os.symlink" and all(own(as_text(path)) for path in arguments[:2]):
                return None
            return TELLING[event], event
        return opened(event, arguments) if arguments else None

    def as_text(path: str | bytes | os.PathLike) -> str:
        path = fspath(path)
        return path.decode(errors="replace") if isinstance(path, bytes) else path

    def own(path: str) -> bool:
        return not isabs(path) or path.startswith(_OWN)

    def opened(event: str, arguments: tuple) -> tuple[str, str] | None:
        if not isinstance(arguments[0], (str, bytes, os.PathLike)):
            return None
        path = as_text(arguments[0])
        if any(part in path for part in SECRET) and not path.startswith(visible):
            return "files", f"{event} {path}"
        if path.startswith(OUTSIDE) and not path.startswith(visible):
            return "files", f"{event} {path}"
        flags = arguments[2] if event == "open" and len(arguments) > 2 else 0
        writes = isinstance(flags, int) and flags & _WRITES
        if writes and not own(path):
            return "files", f"open {path} for writing"
        return None

    def hook(event: str, arguments: tuple) -> None:
        if event not in noticed or busy:
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
