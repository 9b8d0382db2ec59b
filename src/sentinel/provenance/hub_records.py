"""What the hub's client noted when it downloaded a model: commit and content hash of each file.

The notes are not signed, and whoever changes a file can change its note. That they agree
corroborates; that they disagree shows a change after the download.
Two layouts: ``.cache/huggingface/download/<file>.metadata`` in a folder downloaded to, and the
client's cache, ``models--<organization>--<name>/snapshots/<commit>/`` with links into ``blobs/``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sentinel.findings import Findings
from sentinel.provenance.digests import FileDigest

DOWNLOADS = Path(".cache", "huggingface", "download")
SUFFIX = ".metadata"
RECORD_LIMIT = 4096  # bytes; a record is three short lines
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_CACHE = re.compile(r"models--(?P<organization>[^-].*?)--(?P<name>.+)")


@dataclass(frozen=True)
class DownloadRecord:
    """A file as the hub named it.

    Attributes:
        commit: revision it was downloaded at.
        etag: SHA-256 for large files, git blob hash for small ones.
    """

    commit: str
    etag: str


@dataclass(frozen=True)
class DownloadRecords:
    """All records of a folder, by path inside it, and the repository if the layout names it."""

    files: dict[str, DownloadRecord]
    repository: str | None = None


def read_records(folder: Path, findings: Findings) -> DownloadRecords:
    """Collect the records of either layout; what cannot be read is reported."""
    cached = _cache_records(folder)
    if cached is not None:
        return cached
    top = folder / DOWNLOADS
    files = {}
    for path in sorted(top.rglob(f"*{SUFFIX}")) if top.is_dir() else ():
        name = path.relative_to(top).as_posix().removesuffix(SUFFIX)
        try:
            files[name] = _record(path)
        except (OSError, ValueError) as error:
            shown = path.relative_to(folder).as_posix()
            findings.warn("Unreadable download record", shown, "commit, hash and time", str(error))
    return DownloadRecords(files)


def _record(path: Path) -> DownloadRecord:
    with path.open(encoding="utf-8") as file:
        lines = file.read(RECORD_LIMIT).splitlines()
    if len(lines) < 2:
        raise ValueError(f"{len(lines)} lines")
    return DownloadRecord(lines[0].strip(), lines[1].strip().strip('"'))


def _cache_records(folder: Path) -> DownloadRecords | None:
    """Read hashes off the names of the blobs that a snapshot's links lead to."""
    folder = folder.absolute()
    match = _CACHE.fullmatch(folder.parent.parent.name)
    if folder.parent.name != "snapshots" or match is None:
        return None
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    files = {
        path.relative_to(folder).as_posix(): DownloadRecord(folder.name, path.readlink().name)
        for path in links
    }
    return DownloadRecords(files, f"{match['organization']}/{match['name']}")


def check_records(records: DownloadRecords, digests: dict[str, FileDigest]) -> Findings:
    """Compare files with their download records."""
    findings = Findings()
    agreeing = 0
    for name, record in records.files.items():
        if name not in digests:
            findings.warn("Missing file", name, "the file that was downloaded", "nothing")
        elif _found(record, digests[name]) == record.etag:
            agreeing += 1
        else:
            found = _found(record, digests[name]) or "a hash of another kind"
            findings.error("Changed since download", name, record.etag, found)
    commits = {record.commit for record in records.files.values()}
    if len(commits) > 1:
        findings.warn("Mixed revisions", expected="one commit", found=", ".join(sorted(commits)))
    for name in sorted(set(digests) - set(records.files)) if records.files else ():
        findings.note("File without download record", name, "downloaded with the rest", "added")
    if agreeing:
        claim = f"{agreeing} files are as the hub's client noted (unsigned)"
        findings.confirm(claim, found=", ".join(sorted(commits)))
    return findings


def _found(record: DownloadRecord, digest: FileDigest) -> str | None:
    """Return the file's hash of the kind that the record holds."""
    if _SHA256.fullmatch(record.etag):
        return digest.sha256
    return digest.git_blob if _SHA1.fullmatch(record.etag) else None
