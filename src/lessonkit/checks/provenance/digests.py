"""The check of `sha256_of`: a file's digest, read in blocks."""

import hashlib
import random
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

from lessonkit.checks.core import Case, Hint, Seen, exercise

LARGE = 6 << 20
MOST_HELD = LARGE // 2  # bytes that reading in blocks may hold at once
BLOCKS = tuple(1 << power for power in range(3, 23))
OTHER_ALGORITHMS = ("md5", "sha1", "sha224", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")


@exercise("sha256_of")
class Sha256Of:
    """`sha256_of(path)`: hexadecimal digits, for files of any size."""

    def cases(self, seed: int) -> list[Case]:
        draw = random.Random(seed)
        small = [{"size": draw.randrange(200, 900), "seed": draw.getrandbits(32)} for _ in range(2)]
        odd = {"size": LARGE + draw.randrange(1, 1 << 20), "seed": draw.getrandbits(32)}
        return [*small, odd, {"size": 0, "seed": 0}]

    def observe(self, sha256_of: Any, case: Case) -> Seen:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"weights-{case['seed']}.bin"
            path.write_bytes(content(case))
            found, held = _held(sha256_of, path)
            name = path.name
        return {"type": type(found).__name__, "held": held, **_shown(found), "name": name}

    def judge(self, seen: Seen, case: Case) -> Hint | None:
        found = seen.get("text")
        if not isinstance(found, str):
            kind = str(seen.get("type"))
            return Hint("not_hexadecimal" if kind == "bytes" else "not_text", {"type": kind})
        data = content(case)
        if found != hashlib.sha256(data).hexdigest():
            return _mistake(found, data, seen, case)
        held = seen.get("held")
        if case["size"] >= LARGE and not (isinstance(held, int) and 0 <= held <= MOST_HELD):
            return Hint("whole_file")
        return None

    def explain_error(self, error: dict[str, str]) -> Hint | None:
        named = {"UnicodeDecodeError": "text_mode", "TypeError": None}.get(error.get("type", ""))
        return Hint(named) if named else None


def content(case: Case) -> bytes:
    """Return the file's bytes: random, with line ends of all kinds among them."""
    data = random.Random(case["seed"]).randbytes(case["size"])
    return data[:60] + b"\r\n\n\r" + data[60:] if case["size"] else data


def _held(sha256_of: Any, path: Path) -> tuple[Any, int]:
    """Return the answer, and the most memory that Python held beside what it held before."""
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        found = sha256_of(path)
        return found, tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()


def _shown(found: Any) -> dict[str, str]:
    return {"text": found[:200]} if isinstance(found, str) else {}


def _mistake(found: str, data: bytes, seen: Seen, case: Case) -> Hint:
    if not case["size"]:
        return Hint("empty_file")
    if found.strip().lower() == hashlib.sha256(data).hexdigest():
        return Hint("not_lower_case")
    for name in OTHER_ALGORITHMS:
        if found == hashlib.new(name, data).hexdigest():
            return Hint("other_algorithm", {"name": name})
    names = (str(seen.get("name")), f"weights-{case['seed']}.bin")
    if any(found == hashlib.sha256(name.encode()).hexdigest() for name in names):
        return Hint("name_hashed")
    if case["size"] >= LARGE:
        parts = [(data[:size], data[-(len(data) % size) or -size :]) for size in BLOCKS]
        if found in {hashlib.sha256(part).hexdigest() for pair in parts for part in pair}:
            return Hint("one_block")
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if found == hashlib.sha256(lines).hexdigest():
        return Hint("text_mode")
    return Hint("value", {"expected": hashlib.sha256(data).hexdigest()[:12], "found": found[:12]})
