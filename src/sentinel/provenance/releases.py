"""Release numbers, so that an older signed model cannot pass for the present one."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sentinel.containers.json_file import read_json
from sentinel.containers.malformed import Malformed
from sentinel.findings import Findings
from sentinel.provenance.policy import Source

RELEASE = "release.json"
LIMIT = 1 << 16


@dataclass(frozen=True)
class Release:
    """A model's name and number, from the `release.json` that is signed with its files."""

    name: str
    number: int


def write_release(folder: Path, release: Release) -> None:
    """Put the release's name and number among the model's files, before they are signed."""
    content = {"name": release.name, "version": release.number}
    (folder / RELEASE).write_text(json.dumps(content) + "\n", encoding="utf-8")


def read_release(folder: Path) -> Release | None:
    """Return the model's release; None if it has none.

    Raises:
        Malformed: its `release.json` is not one.
        OSError: it cannot be read.
    """
    path = folder / RELEASE
    if not path.is_file():
        return None
    content = read_json(path, limit=LIMIT)
    values = [content.get(key) for key in ("name", "version")] if isinstance(content, dict) else []
    if [type(value) for value in values] != [str, int]:
        raise Malformed("a release needs a name and a whole number as version")
    return Release(*values)


def check_release(
    findings: Findings, folder: Path, signed_name: str, root: str, source: Source
) -> None:
    """Refuse a release that its source has withdrawn, or one older than the policy accepts.

    Args:
        folder: the model's folder.
        signed_name: the model's name in its signature, for a model without `release.json`.
        root: the signature's root digest, which names this release.
        source: the policy's entry.
    """
    if root in source.revoked:
        findings.error("Revoked release", "", "a release that is not withdrawn", root)
    release = _read(findings, folder)
    oldest = source.versions.get(release.name if release else signed_name)
    if oldest is not None and (release is None or release.number < oldest):
        found = "no release number" if release is None else f"release {release.number}"
        findings.error("Older release", RELEASE, f"release {oldest} or later", found)


def _read(findings: Findings, folder: Path) -> Release | None:
    try:
        return read_release(folder)
    except (Malformed, OSError) as error:
        findings.error("Release unreadable", RELEASE, "a name and a number", str(error))
        return None


def remember(findings: Findings, memory: Path, source: Source, folder: Path) -> None:
    """Refuse a release older than the newest that was verified here; else remember it.

    Args:
        memory: JSON file, ``organization/name`` -> release number; made if it is not there.
        source: who signed.
        folder: the verified model.
    """
    release = _read(findings, folder)
    if release is None:
        return
    try:
        seen = read_json(memory) if memory.exists() else {}
        newest = int(seen.get(key := f"{source.namespace}/{release.name}", release.number))
    except (Malformed, OSError, AttributeError, TypeError, ValueError) as error:
        expected = "release numbers remembered by sentinel; move the file away to start again"
        findings.error("Memory unreadable", str(memory), expected, str(error))
        return
    if release.number < newest:
        found = f"release {release.number}"
        findings.error("Older release", RELEASE, f"release {newest}, which was here before", found)
    elif key not in seen or release.number > newest:
        _write(memory, seen | {key: release.number})


def _write(memory: Path, seen: dict[str, int]) -> None:
    """Replace the file in one step, so that a killed process leaves the old one whole."""
    memory.parent.mkdir(parents=True, exist_ok=True)
    scratch = memory.with_name(f"{memory.name}.{os.getpid()}.new")
    scratch.write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    scratch.replace(memory)
