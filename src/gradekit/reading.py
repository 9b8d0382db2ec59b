"""Reading a submitted file as a notebook, whatever saved it: nothing but its cells is relied on."""

import json
from dataclasses import dataclass, field
from typing import Any

import nbformat

NEWEST = (4, 5)  # the notebook format in which each cell has an id


class UnreadableError(Exception):
    """The file is no notebook; the text says why."""


@dataclass
class SavedNotebook:
    """A submitted notebook as it was saved.

    Attributes:
        cells: what stands where cells should: of any form.
        metadata: the notebook's own, of any form.
        remarks: a line for each thing that is unusual about the file.
    """

    cells: list[Any]
    metadata: Any
    remarks: list[str] = field(default_factory=list)


def read_notebook(content: bytes) -> SavedNotebook:
    """Read a file's bytes as a notebook.

    Raises:
        UnreadableError: they are none.
    """
    if not content.strip():
        raise UnreadableError("not a notebook: the file is empty; ask for the file again")
    encoding = json.detect_encoding(content)
    try:
        text = content.decode(encoding)
        raw = json.loads(text)
    except UnicodeDecodeError as error:
        raise _unreadable(f"byte {error.start} is not text") from error
    except json.JSONDecodeError as error:
        trouble = f"its JSON breaks off or is wrong in line {error.lineno}"
        raise _unreadable(trouble) from error
    except (ValueError, RecursionError) as error:  # numbers too long, brackets too deep
        raise _unreadable(f"its JSON cannot be read ({type(error).__name__})") from error
    saved = _saved(raw, text)
    if encoding != "utf-8":
        saved.remarks.append(f"the file was saved as {encoding}; read all the same")
    return saved


def damage_of(content: bytes) -> str | None:
    """Return why a file cannot be graded as a notebook, or None if it can."""
    try:
        read_notebook(content)
    except UnreadableError as error:
        return str(error)
    return None


def _saved(raw: Any, text: str) -> SavedNotebook:
    if not isinstance(raw, dict):
        raise _unreadable("it is JSON of another kind")
    if isinstance(raw.get("cells"), list):
        version = raw.get("nbformat"), raw.get("nbformat_minor")
        known = all(isinstance(part, int) for part in version)
        remarks = [] if known and version >= NEWEST else [_older(*version)]
        return SavedNotebook(raw["cells"], raw.get("metadata"), remarks)
    if not isinstance(raw.get("worksheets"), list):
        raise _unreadable("it is JSON of another kind")
    try:
        converted = nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat's converters raise whatever they stumble over
        raise _unreadable(f"it cannot be converted ({type(error).__name__})") from error
    return SavedNotebook(converted.cells, converted.metadata, [_older(raw.get("nbformat"), 0)])


def _older(major: Any, minor: Any) -> str:
    return f"the notebook was saved in another format: {str(major)[:9]}.{str(minor)[:9]}"


def _unreadable(trouble: str) -> UnreadableError:
    return UnreadableError(f"not a notebook: {trouble}; ask for the file again")
