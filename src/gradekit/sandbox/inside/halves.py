"""Leaving the judging half of the checks out of the processes that run students' code.

`judge` and what only it calls, reference solutions above all, are of no use where answers are only
observed, and an answer that could call them would be right without being the student's.
"""

import functools
import types
from collections.abc import Collection, Iterable, Iterator
from typing import Any

OBSERVING = {"cases", "observe"}
CONTAINERS = (
    dict,
    list,
    tuple,
    set,
    frozenset,
    staticmethod,
    classmethod,
    property,
    functools.partial,
)


def drop_judging(checks: Iterable[object], modules: Iterable[types.ModuleType]) -> list[str]:
    """Delete the methods of checks, and functions and classes, that observing does not use.

    Args:
        checks: the registered checks; `cases` and `observe` stay, with all that they use.
        modules: the modules that the checks come from; only what these define is deleted.

    Returns:
        The names that were deleted.
    """
    modules = {module.__name__: module for module in modules}
    kinds = {type(check) for check in checks}
    bases = {base for kind in kinds for base in kind.__mro__ if base.__module__ in modules}
    dropped = [name for base in bases for name in _drop_methods(base, bases)]
    used = _reached(kinds, modules.keys())
    for label, module in modules.items():
        for name, value in list(vars(module).items()):
            if _home(value) in modules and _is_code(value) and id(value) not in used:
                delattr(module, name)
                dropped.append(f"{label}.{name}")
    return dropped


def _drop_methods(kind: type, kinds: Collection[type]) -> list[str]:
    """Delete the methods that `cases` and `observe` do not call in any of the classes."""
    called, pending = set(), set(OBSERVING)
    while pending:
        called |= pending
        methods = [vars(other).get(name) for other in kinds for name in pending]
        codes = [m.__code__ for m in methods if isinstance(m, types.FunctionType)]
        pending = {name for code in codes for name in _names(code)} - called
    unused = [
        name
        for name, value in vars(kind).items()
        if isinstance(value, types.FunctionType) and name not in called and name[:2] != "__"
    ]
    for name in unused:
        delattr(kind, name)
    return [f"{kind.__name__}.{name}" for name in unused]


def _is_code(value: Any) -> bool:
    return isinstance(value, (type, types.FunctionType)) or hasattr(value, "__wrapped__")


def _home(value: Any) -> str | None:
    """Return the module that a function or class was written in."""
    home = getattr(value, "__module__", None)
    return home if isinstance(home, str) else None


def _reached(starts: Iterable[Any], modules: Collection[str]) -> dict[int, Any]:
    """Return all objects, by id, that these lead to by names in their code; own modules only."""
    seen: dict[int, Any] = {}
    pending = list(starts)
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        if isinstance(value, CONTAINERS) or _home(value) in modules:
            pending += _leads(value)
    return seen


def _leads(value: Any) -> Iterator[Any]:
    """Yield what a container holds, or what a function's or class's code can use."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from value
    elif isinstance(value, (staticmethod, classmethod)):
        yield value.__func__
    elif isinstance(value, property):
        yield from (value.fget, value.fset)
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, type):
        yield from (*value.__bases__, *vars(value).values())
    elif isinstance(value, types.FunctionType):
        yield from _from_function(value)
    elif not hasattr(value, "__wrapped__"):
        yield from (type(value), *vars(value).values())  # an instance of one of the classes
    if hasattr(value, "__wrapped__"):
        yield value.__wrapped__


def _from_function(function: types.FunctionType) -> Iterator[Any]:
    names = set(_names(function.__code__))
    for name in names & function.__globals__.keys():
        found = function.__globals__[name]
        yield found
        if isinstance(found, types.ModuleType):
            yield from (vars(found)[part] for part in names & vars(found).keys())
    yield from (function.__defaults__ or ())
    yield from (function.__kwdefaults__ or {}).values()
    yield from (cell.cell_contents for cell in function.__closure__ or ())


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
