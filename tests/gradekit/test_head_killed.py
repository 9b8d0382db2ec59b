"""A killed grader leaves no process behind, and its folder only until the next start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradekit.sandbox import Nursery
from gradekit.sandbox.launcher import PREFIX, _new_folder

pytestmark = pytest.mark.alone
HEAD = """
import sys, time
from gradekit.sandbox import Limits, Nursery
nursery = Nursery("import json", unsafe=sys.argv[1] == "unsafe")
kernel = nursery.start_kernel(Limits())
deadline = time.monotonic() + 60
while not kernel.messages and time.monotonic() < deadline:
    time.sleep(0.05)
print(nursery.folder, flush=True)
time.sleep(600)
"""


def processes_with(text: str) -> list[int]:
    """Return the processes whose command line or working folder names a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["sandbox", "unsafe"])
def test_nothing_outlives_a_killed_grader(kind: str, sent: signal.Signals) -> None:
    head = subprocess.Popen(
        [sys.executable, "-c", HEAD, kind], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    folder = Path(head.stdout.readline().decode().strip())
    assert folder.name.startswith(PREFIX)
    assert processes_with(folder.name)
    head.send_signal(sent)
    head.wait(30)
    head.stdout.close()
    deadline = time.monotonic() + 20
    while processes_with(folder.name) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_with(folder.name) == []
    with Nursery("import json", unsafe=True):
        assert not folder.exists()


def test_folders_in_use_stay() -> None:
    used, lock = _new_folder()
    try:
        other, other_lock = _new_folder()
        assert used.is_dir()
        other.rmdir()
        os.close(other_lock)
    finally:
        used.rmdir()
        os.close(lock)
