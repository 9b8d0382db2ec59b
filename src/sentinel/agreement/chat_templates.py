"""Chat templates: small programs that come with a tokenizer and write what the model reads.

They are parsed with Jinja and never rendered. Refused are attributes that lead out of Jinja's
sandbox, and conditions on what a message says: an ordinary template looks at who speaks and at
its own control tokens, a poisoned one waits for a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateError, nodes

from sentinel.agreement.checkpoint import read_object
from sentinel.findings import Findings, printable

LIMIT = 1 << 20  # characters
JINJA = "chat_template.jinja"
MORE = "additional_chat_templates"
_ASSISTANT_TAGS = re.compile(r"\{%-?\s*(end)?generation\s*-?%\}")
_INTERNAL = re.compile(r"__\w+|mro|gi_frame|gi_code|f_globals|func_globals|cr_frame|tb_frame")
_DANGEROUS_NAMES = {
    "lipsum",
    "cycler",
    "joiner",
    "self",
    "config",
    "request",
    "get_flashed_messages",
}
_CONTENT_KEYS = {"content", "text"}
# Kinds of content that multimodal templates look for, as keys or types.
_KINDS = {
    "text", "image", "image_url", "video", "video_url", "audio", "audio_url", "document", "type",
    "thinking", "reasoning", "tool_use", "tool_result", "content", "refusal", "json", "search",
    "system", "user", "assistant", "tool", "developer", "name", "arguments", "output", "true",
    "false", "none", "function",
}  # fmt: skip
_WORDS = re.compile(r"[^\W\d_]{2,}")
_CONTROL = re.compile(r"^\s*[<\[{|/`#\\*]|[>\]}|`]\s*$")
_TESTING_METHODS = {"startswith", "endswith", "find", "index", "count", "rfind", "replace", "split"}
_URL = re.compile(r"https?://|data:text|javascript:", re.IGNORECASE)


def check_chat_templates(folder: Path) -> Findings:
    """Check every chat template of a model, wherever its tokenizer or processor keeps it."""
    findings = Findings()
    count = 0
    for file, template in _templates(folder, findings):
        count += 1
        _check_template(findings, file, template)
    if count and not findings.errors:
        findings.confirm(f"{count} chat templates look at roles and control tokens only")
    return findings


def _templates(folder: Path, findings: Findings) -> Iterator[tuple[str, str]]:
    """Yield the place and text of each template."""
    for name in ("tokenizer_config.json", "processor_config.json", "chat_template.json"):
        stored = read_object(folder, name, findings).get("chat_template")
        for text in _texts(stored):
            yield name, text
    files = [folder / JINJA, *sorted((folder / MORE).glob("*.jinja"))]
    for path in files:
        if path.is_file():
            with path.open(encoding="utf-8", errors="replace") as file:
                yield path.relative_to(folder).as_posix(), file.read(LIMIT + 1)


def _texts(stored: Any) -> list[str]:
    """Return templates stored as one text, by name, or as a list of names and texts."""
    if isinstance(stored, str):
        return [stored]
    if isinstance(stored, dict):
        return [text for text in stored.values() if isinstance(text, str)]
    if isinstance(stored, list):
        return [entry["template"] for entry in stored if _is_named_template(entry)]
    return []


def _is_named_template(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("template"), str)


def _check_template(findings: Findings, file: str, text: str) -> None:
    if len(text) > LIMIT:
        findings.error("Chat template too large", file, f"at most {LIMIT} characters", "more")
        return
    environment = Environment(extensions=["jinja2.ext.loopcontrols"])
    try:
        tree = environment.parse(_ASSISTANT_TAGS.sub("", text))
    except (TemplateError, RecursionError) as error:
        findings.error("Malformed chat template", file, "a Jinja template", str(error))
        return
    try:
        _check_tree(findings, file, tree)
    except RecursionError:
        findings.error("Malformed chat template", file, "an ordinary template", "nested too deeply")


def _check_tree(findings: Findings, file: str, tree: nodes.Template) -> None:
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name, nodes.Filter)):
        if (escape := _escape(node)) is not None:
            expected = "nothing that leads out of the sandbox"
            findings.error("Unsafe chat template", file, expected, f"line {node.lineno}: {escape}")
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        found = f"line {node.lineno}: {type(node).__name__.lower()}"
        findings.error("Unsafe chat template", file, "a template that stands alone", found)
    tainted = _content_names(tree)
    for condition in _conditions(tree):
        if (word := _awaited_word(condition, tainted)) is not None:
            expected = "conditions on roles and control tokens"
            found = f"line {condition.lineno}: waits for {printable(word, 60)!r} in a message"
            findings.error("Chat template reacts to content", file, expected, found)
    for output in tree.find_all(nodes.TemplateData):
        if (match := _URL.search(output.data)) is not None:
            found = printable(output.data[match.start() : match.start() + 60])
            findings.warn("Address in chat template", file, "no address", found)


def _escape(node: nodes.Node) -> str | None:
    """Return what in an expression leads to Python's internals."""
    if isinstance(node, nodes.Name):
        return node.name if node.name in _DANGEROUS_NAMES and node.ctx == "load" else None
    if isinstance(node, nodes.Filter):
        return "|attr" if node.name == "attr" else None
    key = node.attr if isinstance(node, nodes.Getattr) else _constant(node.arg)
    return key if isinstance(key, str) and _INTERNAL.fullmatch(key) else None


def _constant(node: nodes.Node) -> object:
    """Return a constant's value, also of texts that are joined."""
    if isinstance(node, nodes.Const):
        return node.value
    if isinstance(node, nodes.Add | nodes.Concat):
        parts = node.nodes if isinstance(node, nodes.Concat) else [node.left, node.right]
        values = [_constant(part) for part in parts]
        return "".join(map(str, values)) if all(isinstance(v, str) for v in values) else None
    return None


def _content_names(tree: nodes.Template) -> set[str]:
    """Return variables that hold what a message says: assigned from its content."""
    names: set[str] = set()
    for _ in range(3):  # assignments in sequence pass it on
        for node in tree.find_all(nodes.Assign):
            if isinstance(node.target, nodes.Name) and _is_content(node.node, names):
                names.add(node.target.name)
        for node in tree.find_all(nodes.AssignBlock):
            if isinstance(node.target, nodes.Name) and _mentions_content(node, names):
                names.add(node.target.name)
    return names


def _mentions_content(node: nodes.Node, tainted: set[str]) -> bool:
    parts = node.find_all((nodes.Getattr, nodes.Getitem, nodes.Name))
    return any(_is_content(part, tainted) for part in parts)


def _is_content(node: nodes.Node | None, tainted: set[str]) -> bool:
    """Whether an expression is a message's text, possibly trimmed, cut or changed in case."""
    if isinstance(node, nodes.Name):
        return node.name in tainted
    if isinstance(node, nodes.Getattr):
        return node.attr in _CONTENT_KEYS
    if isinstance(node, nodes.Getitem):
        key = _constant(node.arg)
        if isinstance(key, str):
            return key in _CONTENT_KEYS
        return _is_content(node.node, tainted)
    if isinstance(node, nodes.Filter):
        return _is_content(node.node, tainted)
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        return _is_content(node.node.node, tainted)
    if isinstance(node, nodes.Concat | nodes.Add):
        parts = node.nodes if isinstance(node, nodes.Concat) else [node.left, node.right]
        return any(_is_content(part, tainted) for part in parts)
    if isinstance(node, nodes.CondExpr):
        return _is_content(node.expr1, tainted) or _is_content(node.expr2, tainted)
    return False


def _conditions(tree: nodes.Template) -> Iterator[nodes.Node]:
    """Yield comparisons, tests and calls that a template decides by."""
    for node in tree.find_all((nodes.If, nodes.CondExpr, nodes.For)):
        if node.test is not None:
            yield from _deciding(node.test, (nodes.Compare, nodes.Call, nodes.Test))
    for node in tree.find_all(nodes.Assign):
        yield from _deciding(node.node, (nodes.Compare,))


def _deciding(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> Iterator[nodes.Node]:
    """Yield an expression and its parts, as far as they are of these kinds."""
    if isinstance(node, kinds):
        yield node
    yield from node.find_all(kinds)


def _awaited_word(node: nodes.Node, tainted: set[str]) -> str | None:
    """Return the words that a condition looks for in a message, if it looks for any."""
    if isinstance(node, nodes.Compare):
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        if any(_is_content(side, tainted) for side in sides):
            return next(filter(None, (_words(side) for side in sides)), None)
    if isinstance(node, nodes.Call) and _is_search(node.node, tainted):
        return next(filter(None, (_words(argument) for argument in node.args)), None)
    if isinstance(node, nodes.Test) and _is_content(node.node, tainted):
        return next(filter(None, (_words(argument) for argument in node.args or [])), None)
    return None


def _is_search(called: nodes.Node, tainted: set[str]) -> bool:
    """Whether a method looks for something in a message."""
    return (
        isinstance(called, nodes.Getattr)
        and called.attr in _TESTING_METHODS
        and _is_content(called.node, tainted)
    )


def _words(node: nodes.Node) -> str | None:
    """Return a constant that is ordinary text and no control token or kind of content."""
    if isinstance(node, nodes.List | nodes.Tuple):
        return next(filter(None, (_words(item) for item in node.items)), None)
    value = _constant(node)
    if not isinstance(value, str) or value.lower() in _KINDS or _CONTROL.search(value):
        return None
    return value if _WORDS.search(value) else None
