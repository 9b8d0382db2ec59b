"""Pickles, read opcode by opcode and never executed; what is not known to be harmless is refused.

A pickle is a program for a stack machine. It is followed here with symbols in place of objects:
enough to know which names it imports, what it calls, and what it changes.
Opcodes: Python's `pickletools`.
"""

from __future__ import annotations

import codecs
import pickletools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sentinel.containers.malformed import Malformed
from sentinel.containers.streams import Forward
from sentinel.policy import read_table

MOST_OPERATIONS = 2_000_000
LARGEST_STACK = 1_000_000
LONGEST_TEXT = 1 << 20  # bytes; longer strings are data, never names
_NAME = re.compile(r"[\w.<>]+", re.ASCII)
_MODULE = re.compile(r"[\w.]+", re.ASCII)
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}


@dataclass(frozen=True)
class Import:
    """A name that the pickle imports; importing runs the module, calling runs the function."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass
class PickleReport:
    """What a pickle would do.

    Attributes:
        imports: every name it imports.
        violations: what it does beyond the allowed, in words.
        calls: how often something is called or built.
        complete: whether it ran to its STOP.
        error: why it could not be read further.
        value: the whole number it evaluates to, if it is just that.
    """

    imports: list[Import] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    calls: int = 0
    complete: bool = False
    error: str = ""
    value: int | None = None

    @property
    def is_plausible(self) -> bool:
        """Whether text that reads like a pickle without a header is meant as one."""
        named = all(_MODULE.fullmatch(i.module) and _NAME.fullmatch(i.name) for i in self.imports)
        return named and bool(self.imports) and (self.complete or self.calls > 0)


@cache
def allowed_imports() -> frozenset[tuple[str, str]]:
    """Read the imports that `policy/pickle_imports.toml` allows."""
    tables = read_table("pickle_imports.toml")
    return frozenset((module, name) for module, names in tables.items() for name in names)


def read_pickle(stream: Forward, *, persistent: bool = False, script: bool = False) -> PickleReport:
    """Follow one pickle to its STOP.

    Args:
        stream: stands at the pickle's beginning; afterwards behind what was read.
        persistent: whether references to storages are expected, as in torch's files.
        script: whether the pickle belongs to a TorchScript archive, whose own types
            (``__torch__.…``) are resolved by its interpreter and not by Python.
    """
    machine = _Machine(persistent, script)
    try:
        for operation, argument in _operations(stream):
            machine.step(operation, argument)
        machine.report.complete = True
    except Malformed as error:
        machine.report.error = str(error)
    return machine.report


def _operations(stream: Forward) -> Iterator[tuple[pickletools.OpcodeInfo, object]]:
    """Yield operations with their arguments, up to STOP.

    Raises:
        Malformed: an unknown opcode, a broken argument, or no end.
    """
    for _ in range(MOST_OPERATIONS):
        code = stream.exactly(1)
        operation = pickletools.code2op.get(code.decode("latin-1"))
        if operation is None:
            raise Malformed(f"no operation has the code {code!r}")
        yield operation, _argument(operation, stream)
        if operation.name == "STOP":
            return
    raise Malformed(f"more than {MOST_OPERATIONS} operations")


def _argument(operation: pickletools.OpcodeInfo, stream: Forward) -> object:
    """Read an operation's argument; data too long for a name is skipped and given as None."""
    kind = operation.arg
    if kind is None:
        return None
    if kind.n == pickletools.UP_TO_NEWLINE:
        if operation.name in ("GLOBAL", "INST"):
            return stream.line(), stream.line()
        return stream.line()
    if kind.n in _LENGTHS:
        length = int.from_bytes(stream.exactly(_LENGTHS[kind.n]), "little")
        if length > LONGEST_TEXT:
            stream.skip(length)
            return None
        return stream.exactly(length)
    return stream.exactly(kind.n)


_TEXT = {
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING",
    "SHORT_BINSTRING",
}  # fmt: skip
_PUT = {"PUT", "BINPUT", "LONG_BINPUT"}
_GET = {"GET", "BINGET", "LONG_BINGET"}
_CHANGES = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS"}
_INTEGERS = {"BININT", "BININT1", "BININT2", "LONG1", "LONG4"}


class _Other:
    """Any value that no decision depends on."""


_MARK = pickletools.markobject
_OTHER = _Other()


class _Machine:
    """The stack machine, with symbols: text, whole numbers, imports, and anything else."""

    def __init__(self, persistent: bool, script: bool) -> None:
        self.report = PickleReport()
        self._persistent = persistent
        self._script = script
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}
        self._handlers: dict[str, Callable[[Any], None]] = {
            "STOP": self._stop,
            "POP": self._drop,
            "DUP": self._duplicate,
            "MEMOIZE": self._memoize,
            "GLOBAL": self._global,
            "STACK_GLOBAL": self._stack_global,
            "INST": self._inst,
            "OBJ": self._obj,
            "REDUCE": self._reduce,
            "NEWOBJ": self._reduce,
            "NEWOBJ_EX": self._newobj_ex,
            "BUILD": self._build,
            "PERSID": self._persid,
            "BINPERSID": self._binpersid,
            "EXT1": self._extension,
            "EXT2": self._extension,
            "EXT4": self._extension,
        }

    def step(self, operation: pickletools.OpcodeInfo, argument: Any) -> None:
        """Follow one operation.

        Raises:
            Malformed: the operation finds no place on the stack, or the stack grows without end.
        """
        name = operation.name
        if name in _TEXT:
            self._stack.append(_text(name, argument))
        elif name in _INTEGERS and argument is not None:
            signed = name not in ("BININT1", "BININT2")
            self._stack.append(int.from_bytes(argument, "little", signed=signed))
        elif name in _PUT:
            self._memo[_index(name, argument)] = self._top()
        elif name in _GET:
            self._recall(_index(name, argument))
        elif name in self._handlers:
            self._handlers[name](argument)
        else:
            self._move(operation)
        if len(self._stack) > LARGEST_STACK:
            raise Malformed(f"more than {LARGEST_STACK} values on the stack")

    def _move(self, operation: pickletools.OpcodeInfo) -> None:
        """Take from the stack and put on it what `pickletools` says, as symbols."""
        taken: list[object] = []
        if _MARK in operation.stack_before:
            taken = self._to_mark()
            for _ in range(operation.stack_before.index(_MARK)):
                taken.insert(0, self._pop())
        else:
            taken = [self._pop() for _ in operation.stack_before][::-1]
        if operation.name in _CHANGES and taken and isinstance(taken[0], Import):
            self._refuse(f"changes {taken[0]}")
        for kind in operation.stack_after:
            self._stack.append(_MARK if kind is _MARK else _OTHER)

    def _top(self) -> object:
        if not self._stack or self._stack[-1] is _MARK:
            raise Malformed("an operation finds nothing on the stack")
        return self._stack[-1]

    def _pop(self) -> object:
        value = self._top()
        self._stack.pop()
        return value

    def _to_mark(self) -> list[object]:
        """Take everything above the last mark, and the mark."""
        taken: list[object] = []
        while self._stack:
            value = self._stack.pop()
            if value is _MARK:
                return taken[::-1]
            taken.append(value)
        raise Malformed("an operation finds no mark on the stack")

    def _refuse(self, what: str) -> None:
        if what not in self.report.violations:
            self.report.violations.append(what)

    def _import(self, module: object, name: object) -> Import | _Other:
        if not isinstance(module, str) or not isinstance(name, str):
            self._refuse("imports a name that it computes")
            return _OTHER
        imported = Import(module, name)
        self.report.imports.append(imported)
        own = self._script and (module.startswith("__torch__") or module == "torch.jit._pickle")
        if not own and (module, name) not in allowed_imports():
            self._refuse(f"imports {imported}")
        return imported

    def _call(self, called: object) -> None:
        self.report.calls += 1
        if not isinstance(called, Import):
            self._refuse("calls something that it computes")
        self._stack.append(_OTHER)

    def _stop(self, _argument: Any) -> None:
        value = self._pop()
        self.report.value = value if type(value) is int else None

    def _drop(self, _argument: Any) -> None:
        self._stack.pop() if self._stack else self._top()

    def _duplicate(self, _argument: Any) -> None:
        self._stack.append(self._top())

    def _memoize(self, _argument: Any) -> None:
        self._memo[len(self._memo)] = self._top()

    def _recall(self, index: int) -> None:
        if index not in self._memo:
            raise Malformed(f"nothing was kept under {index}")
        self._stack.append(self._memo[index])

    def _global(self, argument: tuple[bytes, bytes]) -> None:
        self._stack.append(self._import(*_names(argument)))

    def _stack_global(self, _argument: Any) -> None:
        name, module = self._pop(), self._pop()
        self._stack.append(self._import(module, name))

    def _inst(self, argument: tuple[bytes, bytes]) -> None:
        names = _names(argument)
        self._to_mark()
        self._call(self._import(*names))

    def _obj(self, _argument: Any) -> None:
        taken = self._to_mark()
        if not taken:
            raise Malformed("OBJ finds no class")
        self._call(taken[0])

    def _reduce(self, _argument: Any) -> None:
        self._pop()
        self._call(self._pop())

    def _newobj_ex(self, _argument: Any) -> None:
        self._pop()
        self._reduce(None)

    def _build(self, _argument: Any) -> None:
        self._pop()
        if isinstance(self._top(), Import):
            self.report.calls += 1
            self._refuse(f"changes {self._top()}")

    def _persid(self, _argument: Any) -> None:
        if not self._persistent:
            self._refuse("refers to an object outside the pickle")
        self._stack.append(_OTHER)

    def _binpersid(self, _argument: Any) -> None:
        self._pop()
        self._persid(None)

    def _extension(self, _argument: Any) -> None:
        self.report.calls += 1
        self._refuse("calls an extension by number")
        self._stack.append(_OTHER)


def _names(argument: tuple[bytes, bytes]) -> tuple[object, object]:
    """Decode a module and a name; None stands for one that is not text."""
    try:
        return argument[0].decode("utf-8"), argument[1].decode("utf-8")
    except UnicodeDecodeError:
        return None, None


def _text(operation: str, argument: object) -> object:
    """Decode a string; None stands for one too long to be a name."""
    if not isinstance(argument, bytes):
        return _OTHER
    if operation == "STRING":
        argument = _unescaped(argument.strip()[1:-1])
    encoding = "raw-unicode-escape" if operation == "UNICODE" else "utf-8"
    try:
        return argument.decode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")
    except UnicodeDecodeError:
        return _OTHER


def _unescaped(text: bytes) -> bytes:
    try:
        return codecs.escape_decode(text)[0]
    except ValueError:
        return text


def _index(operation: str, argument: bytes) -> int:
    """Read a place in the memo, in digits or in bytes.

    Raises:
        Malformed: it is no number.
    """
    if operation not in ("PUT", "GET"):
        return int.from_bytes(argument, "little")
    if not argument.isdigit() or len(argument) > 18:
        raise Malformed("a place in the memo is no number")
    return int(argument)
