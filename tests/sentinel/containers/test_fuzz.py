"""Hostile input never crashes, hangs or fills memory."""

import gzip
import io
import json
import pickle
import random
import resource
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from sentinel.containers.inspector import inspect_file

INPUTS = 10_000
SLOWEST = 2.0  # seconds for one input, on a noisy machine
MEMORY = 512 << 20  # bytes by which all of them may grow the process


def seeds() -> list[tuple[bytes, str]]:
    """Well-formed files of every kind, to be damaged."""
    header = {
        "a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]},
        "__metadata__": {"b": "c"},
    }
    text = json.dumps(header).encode()
    array, tensors, archive = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(array, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    torch.save({"a": torch.ones(4)}, tensors)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a/data.pkl", pickle.dumps([1, "a", {"b": 2.0}]))
        opened.writestr("config.json", "{}")
    legacy = io.BytesIO()
    torch.save({"a": torch.ones(4)}, legacy, _use_new_zipfile_serialization=False)
    return [
        (struct.pack("<Q", len(text)) + text + bytes(16), "model.safetensors"),
        (pickle.dumps({"a": [1, 2.0, "x", b"y", {3}]}, 4), "a.pkl"),
        (pickle.dumps({"a": [1, 2.0, "x"]}, 0), "a.txt"),
        (tensors.getvalue(), "pytorch_model.bin"),
        (legacy.getvalue(), "old.pt"),
        (array.getvalue(), "a.npy"),
        (archive.getvalue(), "a.zip"),
        (gzip.compress(archive.getvalue()), "a.gz"),
        (zlib.compress(pickle.dumps([1] * 100)), "a.dat"),
        (json.dumps({"a": [{"b": None}]}).encode(), "config.json"),
        (b"\x89HDF\r\n\x1a\n" + b"x" * 200, "a.h5"),
        (b"\x0a\x08location\x12\x03abc" * 4, "a.onnx"),
    ]


def flip(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def repeat(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + content[start : start + 20] * rng.randint(2, 500) + content[start:]


def enlarge(rng: random.Random, content: bytes) -> bytes:
    """Put a length of up to 1 TB, or an enormous one, somewhere."""
    length = rng.choice([1 << 40, (1 << 63) - 1, (1 << 64) - 1, 1 << 31, 0xFFFFFFFF])
    packed = struct.pack("<Q", length)[: rng.choice([4, 8])]
    start = rng.randrange(len(content))
    return content[:start] + packed + content[start + len(packed) :]


def nest(rng: random.Random, _content: bytes) -> bytes:
    depth = rng.randint(1000, 60_000)
    kinds = [
        b"[" * depth,
        b'{"a":' * depth,
        b"\x80\x04" + b"(" * depth,
        b"\x80\x02]" + b"a" * depth,
        b"\x80\x04" + b"\x8c\x01x\x94" * depth,
        b"\x80\x04N" + b"2" * depth,
    ]
    return rng.choice(kinds)


def mix(rng: random.Random, content: bytes) -> bytes:
    other = rng.choice(seeds())[0]
    return content[: rng.randrange(len(content))] + other[rng.randrange(len(other)) :]


def test_ten_thousand_hostile_inputs(tmp_path: Path) -> None:
    rng = random.Random(0)
    originals = seeds()
    ways: list[Callable[[random.Random, bytes], bytes]] = [
        flip,
        cut,
        repeat,
        enlarge,
        mix,
        flip,
        cut,
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for number in range(INPUTS):
        content, name = originals[number % len(originals)]
        way = nest if number % 50 == 0 else rng.choice(ways)
        path = tmp_path / name
        path.write_bytes(way(rng, content))
        start = time.perf_counter()
        inspect_file(path, name)
        assert time.perf_counter() - start < SLOWEST, (number, way.__name__, name)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < MEMORY
