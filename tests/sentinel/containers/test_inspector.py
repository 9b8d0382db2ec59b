"""Content by its bytes: what is harmless, and what hides code."""

import bz2
import collections
import gzip
import io
import lzma
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch

from sentinel.containers import check_containers
from sentinel.containers.inspector import inspect_file
from sentinel.containers.safetensors_file import check_safetensors


class Call:
    """Pickles to a call."""

    def __init__(self, called: Callable[..., object], *arguments: object) -> None:
        self._pickled = called, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._pickled


def issues_of(tmp_path: Path, content: bytes, name: str) -> list[str]:
    path = tmp_path / name
    path.write_bytes(content)
    return [str(issue) for issue in inspect_file(path, name).issues if issue.severity > 1]


EVIL = pickle.dumps(Call(os.system, "true"), 4)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def tarred(content: bytes, name: str = "data.pkl", mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def npy(content: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([content], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def saved(content: object, **options: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def short(module: str, name: str, tail: bytes) -> bytes:
    """A pickle of protocol 4 that imports one name from the stack."""
    texts = b"".join(b"\x8c" + bytes([len(t)]) + t.encode() for t in (module, name))
    return b"\x80\x04" + texts + b"\x93" + tail


UNSAFE = {
    "protocol 0": pickle.dumps(Call(os.system, "true"), 0),
    "protocol 1": pickle.dumps(Call(os.system, "true"), 1),
    "protocol 2": pickle.dumps(Call(os.system, "true"), 2),
    "protocol 5": pickle.dumps(Call(os.system, "true"), 5),
    "eval": pickle.dumps(Call(eval, "1")),
    "getattr": pickle.dumps(Call(getattr, dict, "get")),
    "inst": b"(S'true'\nios\nsystem\n.",
    "obj": b"(cos\nsystem\nS'true'\no.",
    "escaped name": b"\x80\x04S'\\x6f\\x73'\nS'system'\n\x93)R.",
    "memo": b"\x80\x02\x8c\x02os\x940\x8c\x06system\x940h\x00h\x01\x93)R.",
    "dotted name": short("collections", "OrderedDict.__init__.__globals__", b"."),
    "computed call": short("collections", "OrderedDict", b")R)R."),
    "changed import": short("collections", "OrderedDict", b"}b."),
    "extension": b"\x80\x02\x82\x01.",
    "persistent": b"\x80\x02X\x01\x00\x00\x00aQ.",
    "inner load": short("torch.storage", "_load_from_bytes", b"C\x01aR."),
    "then nonsense": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R\xff\xff",
    "import only": b"\x80\x04\x8c\x09antigravi\x8c\x01x\x93.",
    "second pickle": pickle.dumps(1) + EVIL,
    "legacy second": saved({"a": torch.ones(2)}, _use_new_zipfile_serialization=False)[:0] + EVIL,
    "zip": zipped(**{"archive__data.pkl": EVIL}),
    "zip, other name": zipped(**{"archive__data__0": EVIL}),
    "zip in zip": zipped(a=zipped(b=zipped(c=EVIL))),
    "npz": zipped(**{"arr_0.npy": npy(Call(os.system, "true"))}),
    "npy": npy(Call(os.system, "true")),
    "gzip": gzip.compress(EVIL),
    "bzip2": bz2.compress(EVIL),
    "xz": lzma.compress(EVIL),
    "zlib": zlib.compress(EVIL),
    "gzip twice": gzip.compress(gzip.compress(EVIL)),
    "tar": tarred(EVIL),
    "tar.gz": tarred(EVIL, mode="w:gz"),
    "tar, other name": tarred(EVIL, "weights"),
    "torch": saved({"a": Call(os.system, "true")}),
    "torch, legacy": saved({"a": Call(os.system, "true")}, _use_new_zipfile_serialization=False),
    "whole module": saved(torch.nn.Linear(2, 2)),
}


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.model", "data.pkl"])
@pytest.mark.parametrize("kind", UNSAFE)
def test_code_is_found_in_every_container_under_any_name(
    tmp_path: Path, kind: str, name: str
) -> None:
    assert "Unsafe pickle" in issues_of(tmp_path, UNSAFE[kind], name)


@pytest.mark.parametrize("kind", ["joblib", "joblib, compressed"])
def test_joblib_is_no_checkpoint(tmp_path: Path, kind: str) -> None:
    joblib.dump({"a": np.ones(3)}, tmp_path / "x.joblib", compress=3 if "," in kind else 0)
    assert "Unsafe pickle" in inspect_file(tmp_path / "x.joblib", "x.joblib").issues


def safetensors(header: bytes, body: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + body


ODD = {
    "trailing": (
        safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"12"),
        "Trailing bytes",
    ),
    "gap": (
        safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', b"12"),
        "Hidden bytes",
    ),
    "overlap": (
        safetensors(
            b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},'
            b'"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
            b"123",
        ),
        "Overlapping tensors",
    ),
    "declared": (safetensors(b"{}", length=1 << 40), "Malformed safetensors"),
    "huge shape": (
        safetensors(b'{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4]}}', b"1234"),
        "Malformed safetensors",
    ),
    "metadata": (
        safetensors(b'{"__metadata__":{"x":"<script>alert(1)</script>"}}'),
        "Suspicious metadata",
    ),
    "numbers as metadata": (safetensors(b'{"__metadata__":{"x":1}}'), "Malformed safetensors"),
}


@pytest.mark.parametrize("kind", ODD)
def test_safetensors_files_hold_tensors_and_nothing_else(tmp_path: Path, kind: str) -> None:
    content, issue = ODD[kind]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert check_safetensors(path, path.name).issues == [issue]


OTHERS = {
    "elf": (b"\x7fELF" + bytes(100), "notes.txt", "Executable file"),
    "windows": (b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0", "weights.bin", "Executable file"),
    "slip": (zipped(**{"..__x": b""}), "a.zip", "Path leaves the archive"),
    "zip as json": (zipped(a=b""), "config.json", "Disguised content"),
    "pickle as json": (EVIL, "config.json", "Disguised content"),
    "glued zip": (b'{"a": 1}' + zipped(a=b""), "notes.txt", "Two formats in one file"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(20), "a.7z", "Unreadable archive"),
    "bomb": (zipped(a=bytes(100 << 20)), "a.zip", "Decompression bomb"),
    "cut gzip": (gzip.compress(bytes(os.urandom(5000)))[:2000], "a.gz", "Malformed archive"),
    "cut pickle": (pickle.dumps(collections.OrderedDict(a=1))[:-4], "a.bin", "Malformed pickle"),
    "lambda": (b"\x89HDF\r\n\x1a\n" + b'{"class_name": "Lambda"}', "m.h5", "Executable code"),
    "onnx": (b"\x08\x07\x0a\x08location\x12\x0b../../x.bin", "m.onnx", "Path leaves the folder"),
    "graph": (b"\x0a\x08ReadFile\x12", "saved_model.pb", "Executable code"),
    "script": (b"#!/bin/sh\n", "run", "Script"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_content_is_named(tmp_path: Path, kind: str) -> None:
    content, name, issue = OTHERS[kind]
    assert issue in issues_of(tmp_path, content, name)


def test_names_that_readers_see_differently(tmp_path: Path) -> None:
    content = zipped(abc=b"1").replace(b"abc", b"xyz", 1)  # the member's own header only
    assert "Ambiguous archive" in issues_of(tmp_path, content, "a.zip")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    assert "Ambiguous archive" in issues_of(tmp_path, buffer.getvalue(), "b.zip")


STATE = {
    "python": __import__("random").getstate(),
    "numpy": np.random.get_state(),
    "cpu": torch.random.get_rng_state(),
}
HARMLESS = {
    "rng_state.pth": saved(STATE),
    "tensors.bin": saved({"a": torch.ones(3, dtype=torch.bfloat16), "n": None, "s": {1, 2}}),
    "old.bin": saved({"a": torch.ones(300)}, _use_new_zipfile_serialization=False),
    "parameter.pt": saved(torch.nn.Parameter(torch.ones(2))),
    "array.npy": npy(1)[:0] + (lambda b: (np.save(b, np.ones(5)), b.getvalue())[1])(io.BytesIO()),
    "arrays.npz": (lambda b: (np.savez(b, a=np.ones(5)), b.getvalue())[1])(io.BytesIO()),
    "raw.bin": bytes(range(256)) * 10,
    "README.md": b"cats\nare\nhere\n",
    "merges.txt": b"#version: 0.2\n\xc4\xa0 t\ni n\nc a\n",
    "vocab.txt": b"config\nimport\nos\nsystem\n(S'x'\n",
    "import.txt": b"import os\nimport sys\n",
    "model.gguf": b"GGUF" + bytes(100),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_ordinary_files_raise_no_alarm(tmp_path: Path, name: str) -> None:
    assert issues_of(tmp_path, HARMLESS[name], name) == []


def test_clean_folders_raise_no_alarm(clean: dict[str, Path]) -> None:
    for family, folder in clean.items():
        assert not check_containers(folder).errors, family
