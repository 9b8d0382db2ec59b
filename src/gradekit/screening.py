"""Reading a submission's code for what only an attack needs. Names it; takes no points."""

import ast
from collections.abc import Iterator

from nbformat import NotebookNode

from gradekit.sanitize import HALF_LETTER

MOST_FINDINGS = 20
# Modules that no answer needs; what follows is what they are for.
TELLING_MODULES = {
    "ctypes": "reaches into memory",
    "gc": "reaches other code's objects",
    "signal": "changes how interrupts act",
    "socket": "opens connections",
    "urllib": "opens connections",
    "http": "opens connections",
    "requests": "opens connections",
    "subprocess": "starts programs",
    "multiprocessing": "starts processes",
    "shutil": "moves files",
    "inspect": "reads other code",
    "sys": "reaches the interpreter",
    "builtins": "reaches the interpreter",
    "importlib": "reaches the interpreter",
}
HARMLESS_USES = {
    "sys": {"version", "version_info", "path", "platform", "executable", "getsizeof", "stdout"},
    "gc": {"collect"},
    "inspect": {"signature", "getsource", "cleandoc"},
    "importlib": {"util", "reload", "metadata"},
}
TELLING_CALLS = {
    "os._exit",
    "os.abort",
    "os.fork",
    "os.kill",
    "os.killpg",
    "os.environ",
    "os.execv",
    "os.system",
    "os.popen",
    "sys.modules",
    "sys.settrace",
    "sys._getframe",
}
TELLING_ATTRIBUTES = {
    "ast_transformers",
    "display_pub",
    "do_execute",
    "input_transformers_cleanup",
    "input_transformers_post",
    "iopub_socket",
    "shell_handlers",
    "memfd_create",
}
# What no answer's class needs, and by which an object passes for another one.
LYING = {"__class__", "__torch_function__", "__torch_dispatch__", "__instancecheck__"}
LYING |= {"named_parameters", "named_modules", "parameters"}
FOREIGN = ("torch", "np", "numpy", "nn", "json", "lessonkit", "builtins", "sys", "transformers")
PRIVATE_PARTS = ("lessonkit.checks", "lessonkit.capstone.", "lessonkit.session")
PRIVATE_PARTS += ("lessonkit.messages",)
SHELL_PARTS = ("kernel", "events", "ast_transformers", "input_transformers_cleanup", "display_pub")


def screen(notebook: NotebookNode, released: frozenset[str]) -> list[str]:
    """Return a line for each telling construct in a notebook's own code.

    Args:
        notebook: a repaired notebook.
        released: texts of the cells that came with the lesson; those are not looked at.
    """
    found: dict[str, None] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source not in released:
            found |= dict.fromkeys(_findings(cell.source))
    return list(found)[:MOST_FINDINGS]


def _findings(source: str) -> Iterator[str]:
    lines = [line for line in source.split("\n") if not line.lstrip().startswith(("!", "%"))]
    yield from (f"runs a shell line: {line.strip()[:60]}" for line in _shell_lines(source))
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        yield from _imports(node)
        yield from _assignments(node)
        yield from _uses(node)
        yield from _definitions(node)
        if isinstance(node, ast.Constant) and HALF_LETTER.search(str(node.value)):
            yield "writes halves of letters, which no file can hold"


def _shell_lines(source: str) -> list[str]:
    return [line for line in source.split("\n") if line.startswith("!")]


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        module, names = node.module or "", {alias.name for alias in node.names}
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.startswith(PRIVATE_PARTS):
                yield f"imports {alias.name}"
            elif alias.name in TELLING_MODULES and alias.name not in HARMLESS_USES:
                yield f"imports {alias.name}, which {TELLING_MODULES[alias.name]}"
        return
    else:
        return
    if module.startswith(PRIVATE_PARTS):
        yield f"imports {module}"
        return
    root = module.partition(".")[0]
    if root in TELLING_MODULES and names - HARMLESS_USES.get(root, set()):
        yield f"imports {module}, which {TELLING_MODULES[root]}"


def _assignments(node: ast.AST) -> Iterator[str]:
    """Yield assignments into modules and classes of others."""
    targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else []
    for target in targets:
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            name = _dotted(target)
            if name.partition(".")[0] in FOREIGN and name.count(".") >= 1:
                yield f"assigns to {name}"
    if isinstance(node, ast.Call) and _dotted(node.func) in ("setattr", "delattr") and node.args:
        name = _dotted(node.args[0])
        if name.partition(".")[0] in FOREIGN:
            yield f"sets an attribute of {name}"


def _uses(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, (ast.Attribute, ast.Name, ast.Call)):
        return
    name = _dotted(node.func if isinstance(node, ast.Call) else node)
    if isinstance(node, ast.Call) and name in ("exec", "eval", "__import__", "compile"):
        yield f"calls {name}"
    if name in TELLING_CALLS:
        yield f"uses {name}"
    root, _, rest = name.partition(".")
    if root in HARMLESS_USES and rest and rest.partition(".")[0] not in HARMLESS_USES[root]:
        yield f"uses {name}"
    if name.startswith("get_ipython") and any(part in name for part in SHELL_PARTS):
        yield f"uses {name}"
    if isinstance(node, ast.Attribute) and node.attr in TELLING_ATTRIBUTES:
        yield f"uses {name}"
    if any(part in name for part in ("__globals__", "__code__", "__subclasses__", "f_back")):
        yield f"uses {name}"


def _definitions(node: ast.AST) -> Iterator[str]:
    """Yield definitions that change what others see of an object, and false interrupts."""
    if isinstance(node, ast.ClassDef):
        names = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        targets = [t for part in node.body if isinstance(part, ast.Assign) for t in part.targets]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
        for name in sorted(names & LYING):
            yield f"class {node.name} defines {name}"
    if isinstance(node, ast.Raise) and node.exc is not None:
        name = _dotted(node.exc).removesuffix("()")
        if name in ("KeyboardInterrupt", "SystemExit", "GeneratorExit"):
            yield f"raises {name}"


def _dotted(node: ast.AST) -> str:
    """Return a chain of names as text: `a.b.c`, `get_ipython().kernel`, `sys.modules[]`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{_dotted(node.func)}()"
    if isinstance(node, ast.Subscript):
        return f"{_dotted(node.value)}[]"
    return ""
