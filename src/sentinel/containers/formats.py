"""What a file's content is, told from its first bytes, whatever its name says."""

from __future__ import annotations

import re
import zlib
from enum import StrEnum

HEAD = 1024  # bytes that identify looks at


class Kind(StrEnum):
    """Formats that matter here."""

    PICKLE = "pickle"
    ZIP = "zip archive"
    TAR = "tar archive"
    GZIP = "gzip stream"
    BZ2 = "bzip2 stream"
    XZ = "xz stream"
    ZLIB = "zlib stream"
    SEALED = "archive that cannot be read here"
    NPY = "NumPy array"
    HDF5 = "HDF5 file"
    GGUF = "GGUF file"
    EXECUTABLE = "executable"
    SCRIPT = "script"
    JSON = "JSON"
    IMAGE = "image"
    OTHER = "other"


_MAGIC = (
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"BZh", Kind.BZ2),
    (b"\xfd7zXZ\x00", Kind.XZ),
    (b"\x5d\x00\x00\x80\x00", Kind.XZ),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEALED),
    (b"Rar!\x1a\x07", Kind.SEALED),
    (b"\x28\xb5\x2f\xfd", Kind.SEALED),  # Zstandard
    (b"\x04\x22\x4d\x18", Kind.SEALED),  # LZ4
    (b"ZF", Kind.ZLIB),  # joblib before 0.10
    (b"\x93NUMPY", Kind.NPY),
    (b"\x89HDF\r\n\x1a\n", Kind.HDF5),
    (b"GGUF", Kind.GGUF),
    (b"\x7fELF", Kind.EXECUTABLE),
    (b"\xfe\xed\xfa\xce", Kind.EXECUTABLE),
    (b"\xfe\xed\xfa\xcf", Kind.EXECUTABLE),
    (b"\xce\xfa\xed\xfe", Kind.EXECUTABLE),
    (b"\xcf\xfa\xed\xfe", Kind.EXECUTABLE),
    (b"\xca\xfe\xba\xbe", Kind.EXECUTABLE),
    (b"\x00asm\x01\x00\x00\x00", Kind.EXECUTABLE),
    (b"#!", Kind.SCRIPT),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
)
_PICKLE_HEAD = re.compile(rb"\x80[\x00-\x05]", re.DOTALL)
# First operations of a pickle without a header, protocols 0 and 1.
_OLD_PICKLE_HEAD = re.compile(rb"[(\]})cilpq0-2}IJKLMNSTUVXFG]")


def identify(head: bytes) -> Kind:
    """Return what content with these first bytes is.

    Text that could also be an old pickle counts as OTHER; `may_be_old_pickle` tells.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if _PICKLE_HEAD.match(head):
        return Kind.PICKLE
    if head[257:262] == b"ustar":
        return Kind.TAR
    if _is_windows_program(head):
        return Kind.EXECUTABLE
    if _is_zlib(head):
        return Kind.ZLIB
    return Kind.JSON if head.lstrip()[:1] in (b"{", b"[") else Kind.OTHER


def may_be_old_pickle(head: bytes) -> bool:
    """Whether a pickle of protocol 0 or 1 could begin so; most text could."""
    return _OLD_PICKLE_HEAD.match(head) is not None


def _is_windows_program(head: bytes) -> bool:
    place = int.from_bytes(head[60:64], "little")
    return head.startswith(b"MZ") and (place > HEAD or head[place : place + 4] == b"PE\0\0")


def _is_zlib(head: bytes) -> bool:
    """Whether the two bytes of a zlib header are right and what follows decompresses."""
    if len(head) < 6 or head[0] != 0x78 or int.from_bytes(head[:2], "big") % 31:
        return False
    try:
        return len(zlib.decompressobj().decompress(head, 4096)) > 0
    except zlib.error:
        return False
