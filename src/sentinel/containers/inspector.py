"""One file's content, through every container it hides in, without executing any of it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from sentinel.containers import formats
from sentinel.containers.formats import Kind, identify
from sentinel.containers.json_file import LIMIT as JSON_LIMIT
from sentinel.containers.json_file import read_json
from sentinel.containers.malformed import Malformed
from sentinel.containers.pickles import PickleReport, read_pickle
from sentinel.containers.safetensors_file import check_safetensors
from sentinel.containers.streams import Budget, Forward, Readable
from sentinel.findings import Findings, printable

DEEPEST = 4  # containers inside one another
BUDGET = 8 << 30  # bytes that one file may decompress to, read as a stream
SPOOLED = 512 << 20  # bytes of an archive inside another, which needs a place on disk
IN_MEMORY = 8 << 20
RATIO = 1000  # zip members that shrink more than this, and are large, are bombs
LARGE = 64 << 20
MOST_MEMBERS = 100_000
LONGEST_NPY_HEADER = 1 << 16
TORCH_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # first pickle of files that torch < 1.6 saves
TORCH_LEGACY_PICKLES = 5
PICKLE_SUFFIXES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".dat"}
ARCHIVE_SUFFIXES = PICKLE_SUFFIXES | {
    ".zip", ".npz", ".keras", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".nemo", ".ot", ".mar",
    ".ptl", ".pt2", ".7z", ".zst", ".lz4", ".rar",
}  # fmt: skip
PROGRAM_SUFFIXES = (".pyc", ".so", ".dll", ".dylib", ".exe", ".bat", ".cmd", ".ps1", ".jar", ".vbs")
_OBJECT_DTYPE = re.compile(rb"""['"][|<>=]?O\d*['"]""")
_LAMBDA = re.compile(rb'"class_name":\s*"Lambda"')
_GRAPH_OPS = re.compile(
    rb"\b(ReadFile|WriteFile|PyFunc|EagerPyFunc|PyFuncStateless|MatchingFiles)\b"
)
_ONNX_LOCATION = re.compile(rb"\x0a\x08location\x12([\x01-\x7f])")


def inspect_file(path: Path, name: str) -> Findings:
    """Check one file of a model by its content.

    Args:
        path: the file.
        name: what to call it in findings, its path inside the model's folder.
    """
    findings = Findings()
    try:
        with path.open("rb") as file:
            head = file.read(formats.HEAD)
            file.seek(0)
            if PurePosixPath(name).suffix.lower() == ".safetensors":
                findings.extend(check_safetensors(path, name))
                if "Malformed safetensors" not in findings.issues:
                    return findings  # its first bytes are a length, and may look like anything
            Inspector(findings, name).inspect(file, head)
        if name.lower().endswith(".json") and identify(head) in (Kind.JSON, Kind.OTHER):
            _check_json(findings, path, name)
    except OSError as error:
        findings.error("Unreadable file", name, "a file that can be read", str(error))
    return findings


def _check_json(findings: Findings, path: Path, name: str) -> None:
    if path.stat().st_size > JSON_LIMIT:
        findings.warn("Large JSON", name, f"at most {JSON_LIMIT} bytes", f"{path.stat().st_size}")
        return
    try:
        read_json(path)
    except Malformed as error:
        findings.error("Malformed JSON", name, "JSON that every loader reads alike", str(error))


class Inspector:
    """Follows one file into the containers it holds."""

    def __init__(self, findings: Findings, name: str) -> None:
        self.findings = findings
        self.name = name
        self.suffix = PurePosixPath(name).suffix.lower()
        self.budget = Budget(BUDGET)

    def inspect(self, file: BinaryIO, head: bytes) -> None:
        """Check a whole file, which may also be two formats at once."""
        kind = identify(head)
        self._check_disguise(kind)
        if kind is not Kind.ZIP and self.suffix != ".safetensors" and zipfile.is_zipfile(file):
            self._error("Two formats in one file", str(kind), "a zip archive at the end")
            self._zip(file, self.name, 0)
        file.seek(0)
        self._content(file, head, self.name, 0)

    def _check_disguise(self, kind: Kind) -> None:
        archives = {Kind.ZIP, Kind.TAR, Kind.GZIP, Kind.BZ2, Kind.XZ, Kind.SEALED}
        if kind in archives and self.suffix not in ARCHIVE_SUFFIXES:
            self._error("Disguised content", f"what {self.suffix or 'its name'} says", str(kind))
        elif kind is Kind.PICKLE and self.suffix in (".json", ".safetensors", ".txt", ".md"):
            self._error("Disguised content", f"what {self.suffix} says", str(kind))

    def _content(self, source: BinaryIO, head: bytes, where: str, depth: int) -> None:
        """Check content of any kind that stands at its beginning and can be sought in."""
        kind = identify(head)
        if depth > DEEPEST:
            self._error("Nested too deeply", f"at most {DEEPEST} containers", str(kind), where)
        elif kind is Kind.ZIP:
            self._zip(source, where, depth)
        elif kind is Kind.TAR:
            self._tar(source, where, depth)
        else:
            self._stream(Forward(source), kind, where, depth)

    def _stream(self, stream: Forward, kind: Kind, where: str, depth: int) -> None:
        """Check content that can be read from beginning to end."""
        if kind in (Kind.GZIP, Kind.BZ2, Kind.XZ, Kind.ZLIB):
            self._compressed(stream, kind, where, depth)
        elif kind is Kind.PICKLE:
            self._pickles(stream, where, headed=True)
        elif kind is Kind.NPY:
            self._numpy(stream, where)
        elif kind is Kind.HDF5 or (kind is Kind.JSON and self.suffix == ".keras"):
            self._search(stream, _LAMBDA, "Executable code", "no Lambda layer", where)
        elif kind is Kind.EXECUTABLE or where.lower().endswith(PROGRAM_SUFFIXES):
            self._error("Executable file", "data only", str(kind), where)
        elif kind is Kind.SCRIPT:
            self.findings.warn("Script", self.name, "data only", self._shown(where, str(kind)))
        elif kind is Kind.SEALED:
            self._error("Unreadable archive", "a format that can be inspected", str(kind), where)
        elif formats.may_be_old_pickle(stream.peek(1)):
            self._pickles(stream, where, headed=False)
        elif self.suffix == ".pb":
            self._search(
                stream, _GRAPH_OPS, "Executable code", "no file or Python operation", where
            )
        elif self.suffix == ".onnx":
            self._onnx(stream, where)

    def _error(self, issue: str, expected: str, found: str, where: str | None = None) -> None:
        self.findings.error(issue, self.name, expected, self._shown(where or self.name, found))

    def _shown(self, where: str, found: str) -> str:
        return found if where == self.name else f"{where.removeprefix(self.name)[1:]}: {found}"

    # Pickles

    def _pickles(
        self,
        stream: Forward,
        where: str,
        *,
        headed: bool,
        torch: bool = False,
        script: bool = False,
    ) -> None:
        """Read pickles one behind the other, as long as they are some."""
        legacy = False
        for index in range(1000):
            report = read_pickle(stream, persistent=torch or legacy, script=script)
            legacy = legacy or (index == 0 and report.value == TORCH_LEGACY_MAGIC)
            if not self._judge(report, where, headed=headed or legacy):
                return
            if legacy and index + 1 == TORCH_LEGACY_PICKLES:
                return  # the tensors' bytes follow
            following = stream.peek(2)
            if not following:
                return
            headed = identify(following) is Kind.PICKLE
        self._error("Malformed pickle", "one pickle", "more than a thousand", where)

    def _judge(self, report: PickleReport, where: str, *, headed: bool) -> bool:
        """Report what a pickle does; return whether it was one, read to its end."""
        if not headed and not report.is_plausible:
            return False
        for violation in report.violations[:20]:
            self._error("Unsafe pickle", "only what a checkpoint needs", violation, where)
        named = self.suffix in PICKLE_SUFFIXES or where != self.name
        if not report.complete and (report.imports or (headed and named)):
            self._error("Malformed pickle", "a pickle that ends with STOP", report.error, where)
        return report.complete

    def _numpy(self, stream: Forward, where: str) -> None:
        """Read an array's header; an array of objects is a pickle behind it."""
        try:
            start = stream.exactly(8)
            width = 2 if start[6] == 1 else 4
            length = int.from_bytes(stream.exactly(width), "little")
            if length > LONGEST_NPY_HEADER:
                raise Malformed(f"a header of {length} bytes")
            header = stream.exactly(length)
        except Malformed as error:
            self._error("Malformed array", "a NumPy header", str(error), where)
            return
        if _OBJECT_DTYPE.search(header):
            self._pickles(stream, where, headed=True)

    # Archives

    def _compressed(self, stream: Forward, kind: Kind, where: str, depth: int) -> None:
        try:
            inner = Forward(_decompressed(stream, kind), self.budget)
            head = inner.peek(formats.HEAD)
            inside = identify(head)
            if depth >= DEEPEST:
                self._error("Nested too deeply", f"at most {DEEPEST} containers", str(kind), where)
            elif inside in (Kind.ZIP, Kind.TAR):
                with _spooled(inner) as copy:
                    self._content(copy, head, f"{where}/{kind}", depth + 1)
            else:
                self._stream(inner, inside, f"{where}/{kind}", depth + 1)
        except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
            self._error("Malformed archive", f"a whole {kind}", str(error), where)

    def _zip(self, source: BinaryIO, where: str, depth: int) -> None:
        try:
            with zipfile.ZipFile(source) as archive:
                members = archive.infolist()
                self._check_members(source, members, where)
                script = any("/code/" in f"/{member.filename}" for member in members)
                if script:
                    self.findings.warn(
                        "TorchScript", self.name, "weights only", self._shown(where, "code/")
                    )
                for member in members[:MOST_MEMBERS]:
                    self._zip_member(archive, member, where, depth, script)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, zlib.error, NotImplementedError,
                RuntimeError, lzma.LZMAError, OverflowError) as error:  # fmt: skip
            self._error("Malformed archive", "a whole zip archive", str(error), where)

    def _check_members(self, source: BinaryIO, members: list[zipfile.ZipInfo], where: str) -> None:
        """Report what two readers of one archive could see differently."""
        if len(members) > MOST_MEMBERS:
            self._error(
                "Malformed archive", f"at most {MOST_MEMBERS} members", str(len(members)), where
            )
        names = Counter(member.filename for member in members)
        for name in [name for name, count in names.items() if count > 1][:20]:
            self._error("Ambiguous archive", "each member once", printable(name), where)
        for member in members[:MOST_MEMBERS]:
            if _escapes(member.filename):
                self._error("Path leaves the archive", "a path inside", member.filename, where)
            if _local_name(source, member) != member.filename:
                found = f"{printable(member.filename)} has another name in its own header"
                self._error("Ambiguous archive", "one name for each member", found, where)

    def _zip_member(
        self,
        archive: zipfile.ZipFile,
        member: zipfile.ZipInfo,
        where: str,
        depth: int,
        script: bool,
    ) -> None:
        inside = f"{where}/{printable(member.filename, 80)}"
        if member.filename.endswith("/"):
            return
        if member.flag_bits & 1:
            self._error("Unreadable archive", "no encryption", "an encrypted member", inside)
            return
        if member.file_size > LARGE and member.file_size > RATIO * max(member.compress_size, 1):
            self._error(
                "Decompression bomb", f"at most {RATIO} to 1", str(member.file_size), inside
            )
            return
        with archive.open(member) as opened:
            budget = None if member.compress_type == zipfile.ZIP_STORED else self.budget
            self._member(Forward(opened, budget), inside, depth, script)

    def _member(self, stream: Forward, inside: str, depth: int, script: bool) -> None:
        """Check a member of an archive; tensors' bytes are told by their first ones and left."""
        head = stream.peek(formats.HEAD)
        kind = identify(head)
        if inside.lower().endswith((".pkl", ".pickle")):
            self._pickles(stream, inside, headed=True, torch=True, script=script)
        elif kind in (Kind.ZIP, Kind.TAR):
            with _spooled(stream) as copy:
                self._content(copy, head, inside, depth + 1)
        elif kind is Kind.PICKLE:
            self._pickles(stream, inside, headed=False, torch=True, script=script)
        elif inside.lower().endswith(".json"):
            self._search(stream, _LAMBDA, "Executable code", "no Lambda layer", inside)
        else:
            self._stream(stream, kind, inside, depth + 1)

    def _tar(self, source: BinaryIO, where: str, depth: int) -> None:
        try:
            with tarfile.open(fileobj=source, mode="r:") as archive:
                for count, member in enumerate(archive):
                    if count > MOST_MEMBERS:
                        raise Malformed(f"more than {MOST_MEMBERS} members")
                    self._tar_member(archive, member, where, depth)
        except (tarfile.TarError, OSError, EOFError, ValueError) as error:
            self._error("Malformed archive", "a whole tar archive", str(error), where)

    def _tar_member(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, where: str, depth: int
    ) -> None:
        inside = f"{where}/{printable(member.name, 80)}"
        if _escapes(member.name) or (member.linkname and _escapes(member.linkname)):
            self._error("Path leaves the archive", "a path inside", member.name, where)
        elif not (member.isfile() or member.isdir()):
            self._error("Special file", "files and folders", "a link or device", inside)
        opened = archive.extractfile(member) if member.isfile() else None
        if opened is not None:
            with opened:
                self._member(Forward(opened), inside, depth, script=False)

    # Other formats

    def _search(
        self, stream: Forward, pattern: re.Pattern[bytes], issue: str, expected: str, where: str
    ) -> None:
        """Look for a pattern in content of any length."""
        overlap = b""
        while piece := stream.read():
            if (match := pattern.search(overlap + piece)) is not None:
                self._error(issue, expected, match[0].decode("latin-1"), where)
                return
            overlap = piece[-64:]

    def _onnx(self, stream: Forward, where: str) -> None:
        """Report tensors kept in files outside the model's folder."""
        overlap = b""
        while piece := stream.read():
            window = overlap + piece
            for match in _ONNX_LOCATION.finditer(window):
                location = window[match.end() : match.end() + match[1][0]].decode(
                    "utf-8", "replace"
                )
                if _escapes(location):
                    self._error(
                        "Path leaves the folder", "external data beside it", location, where
                    )
                    return
            overlap = piece[-256:]


def _decompressed(stream: Forward, kind: Kind) -> Readable:
    """Return what a compressed stream holds, as a stream."""
    if kind is Kind.GZIP:
        return gzip.GzipFile(fileobj=stream)
    if kind is Kind.BZ2:
        return bz2.BZ2File(stream)
    if kind is Kind.XZ:
        return lzma.LZMAFile(stream)
    if stream.peek(2) == b"ZF":
        stream.skip(21)  # joblib's own header: "ZF" and a length in hexadecimal digits
    return _Inflated(stream)


class _Inflated:
    """A zlib stream's content."""

    def __init__(self, stream: Forward) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj()

    def read(self, size: int = 1 << 20, /) -> bytes:
        while not self._inflate.eof:
            source = self._inflate.unconsumed_tail or self._stream.read(1 << 16)
            if not source:
                raise EOFError("it ends in the middle")
            if piece := self._inflate.decompress(source, size):
                return piece
        return b""


def _spooled(stream: Forward) -> tempfile.SpooledTemporaryFile[bytes]:
    """Copy an inner archive to where it can be sought in.

    Raises:
        Malformed: it is too large for that.
    """
    copy: tempfile.SpooledTemporaryFile[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - given to the caller
    try:
        while piece := stream.read():
            if copy.tell() + len(piece) > SPOOLED:
                raise Malformed(f"an archive of more than {SPOOLED} bytes inside another")
            copy.write(piece)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def _escapes(name: str) -> bool:
    path = name.replace("\\", "/")
    return (
        path.startswith("/") or ".." in path.split("/") or re.match(r"[A-Za-z]:", path) is not None
    )


def _local_name(source: BinaryIO, member: zipfile.ZipInfo) -> str:
    """Read a member's name from its own header, which the archive's directory repeats."""
    source.seek(member.header_offset)
    header = source.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        return ""
    length = int.from_bytes(header[26:28], "little")
    utf8 = int.from_bytes(header[6:8], "little") & 0x800
    return source.read(length).decode("utf-8" if utf8 else "cp437", "replace")
