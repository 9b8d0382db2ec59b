"""How fast does `sentinel` hash, beside the system's sha256sum, in one run?

usage: python benchmarks/hashing.py [--write]

One core: one large file by either, in turns. Several cores: as many files as cores, at once.
Memory: the peak while a file is hashed that is many times larger.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sentinel.provenance import ModelProvenanceChecker
from sentinel.provenance.digests import digest_file, digest_folder

RESULTS = Path(__file__).with_name("hashing.json")
SIZE = 512 << 20
ROUNDS = 5


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index in range(os.cpu_count() or 1):
            (folder / f"{index}.bin").write_bytes(os.urandom(1 << 20) * (SIZE >> 20))
        result = measure(folder)
    print(json.dumps(result, indent=1))
    if "--write" in sys.argv:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measure(folder: Path) -> dict[str, float]:
    """Time both in turns; return medians of ratios, and the growth of memory."""
    first = folder / "0.bin"
    files = [path.relative_to(folder) for path in sorted(folder.iterdir())]
    digest_file(first)  # the file is in the system's cache from here on
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    one, several = [], []
    for _ in range(ROUNDS):
        system = seconds(lambda: subprocess.run(["sha256sum", first], stdout=subprocess.DEVNULL))
        own = seconds(lambda: digest_file(first))
        one.append(system / own)
        several.append(own * len(files) / seconds(lambda: digest_folder(folder, files)))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "speed_beside_sha256sum": round(statistics.median(one), 2),
        "gain_on_all_cores": round(statistics.median(several), 2),
        "cores": len(files),
        "megabytes_hashed": SIZE >> 20,
        "memory_grown_mb": round(grown / 1024, 1),
        "verify_encoder_seconds": round(verify_encoder(), 2),
    }


def verify_encoder() -> float:
    """Time `verify` on the course's encoder of 90 MB, after start-up."""
    from lessonkit.models import model_folder

    folder = model_folder("encoder")
    checker = ModelProvenanceChecker()
    times = [
        seconds(lambda: checker.verify(folder, "sentence-transformers")) for _ in range(ROUNDS)
    ]
    return statistics.median(times)


if __name__ == "__main__":
    main()
