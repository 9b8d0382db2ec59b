"""The bytes inside a model's files: read within bounds, never executed, never unpickled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sentinel.containers.files import check_files, walk
from sentinel.containers.inspector import inspect_file
from sentinel.containers.malformed import Malformed
from sentinel.findings import Findings

__all__ = ["Malformed", "check_containers", "check_files", "inspect_file", "walk"]


def check_containers(folder: Path, progress: Callable[[str, int], None] | None = None) -> Findings:
    """Check every file of a model's folder by its content, and where it lies.

    Args:
        folder: the model's folder.
        progress: called with each file's name and size once it is checked.
    """
    findings = check_files(folder)
    files = walk(folder)
    for path in files:
        findings.extend(inspect_file(folder / path, path.as_posix()))
        if progress is not None:
            progress(path.as_posix(), (folder / path).stat().st_size)
    if not findings.errors:
        findings.confirm(f"content of {len(files)} files is what their names say")
    return findings
