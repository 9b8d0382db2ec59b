"""The sandbox as a notebook finds it: nothing of the machine, nothing of the others, few powers.

Where bubblewrap is missing these tests fail, with a line that says so: grading is not tested then.
"""

import getpass
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from gradekit.execution import Execution, execute
from gradekit.sandbox import Limits, Nursery, SandboxError
from gradekit.sandbox.launcher import INSIDE, MOST_HEARD
from gradekit.sandbox.provisioner import PROVISIONER, SandboxedKernelManager

pytestmark = pytest.mark.alone
SMALL = Limits(cell_seconds=10, notebook_seconds=40, memory=500_000_000, output_bytes=200_000)
POWERS = """
import ctypes, json, os
from pathlib import Path
libc = ctypes.CDLL(None, use_errno=True)
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
found = {name: status[name].strip() for name in status if name.startswith("Cap")}
found |= {name: status[name].strip() for name in ("Seccomp", "NoNewPrivs")}
found["namespaces"] = [libc.unshare(flag) for flag in (0x10000000, 0x20000, 0x40000000)]
found["segments"] = libc.shmget(0, 4096, 0o1600)
found["processes"] = [name for name in os.listdir("/proc") if name.isdigit()]
import socket, fcntl, struct
found["interfaces"] = {}
with socket.socket() as asking:
    for _, name in socket.if_nameindex():
        request = struct.pack("16sH14s", name.encode(), 0, b"")
        up = struct.unpack("16sH14s", fcntl.ioctl(asking, 0x8913, request))[1] & 1
        found["interfaces"][name] = up
found["environment"] = dict(os.environ)
found["writable"] = []
for folder in ("/", "/dev", "/etc", "/usr", "/sandbox", "/sandbox/kernel", "/sandbox/jobs", "/tmp"):
    try:
        Path(folder, "x").write_text("x")
        found["writable"].append(folder)
    except OSError:
        pass
try:
    os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
    found["writable"].append("/proc/sys")
except OSError:
    pass
found["jobs"] = os.listdir("/sandbox/jobs")
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    assert shutil.which("bwrap"), "bubblewrap is not installed: `apt install bubblewrap`"
    os.environ["GRADER_TOKEN"] = "canary"
    with Nursery("import json") as made:
        yield made
    del os.environ["GRADER_TOKEN"]


def run(nursery: Nursery, *sources: str, limits: Limits = SMALL) -> tuple[Execution, list[str]]:
    """Execute cells; return how it went and the text of each cell's outputs."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    done = execute(notebook, {}, limits, nursery)
    texts = [
        "".join(output.get("text", "") or output.get("evalue", "") for output in cell.outputs)
        for cell in notebook.cells
    ]
    return done, texts


@pytest.fixture(scope="module")
def powers(nursery: Nursery) -> dict[str, Any]:
    text = run(nursery, POWERS)[1][0]
    return json.loads(text)


def test_a_notebook_has_no_capabilities_and_cannot_get_any(powers: dict[str, Any]) -> None:
    assert {powers[n] for n in powers if n.startswith("Cap")} == {"0" * 16}
    assert powers["NoNewPrivs"] == "1"
    assert powers["Seccomp"] == "2"
    assert powers["namespaces"] == [-1, -1, -1]
    assert powers["segments"] == -1


def test_a_notebook_sees_its_own_processes_only(powers: dict[str, Any]) -> None:
    assert powers["processes"] == ["1"]


def test_a_notebook_has_no_network(powers: dict[str, Any]) -> None:
    assert {name for name, up in powers["interfaces"].items() if up} == set()


def test_a_notebook_has_nothing_of_the_graders_environment(powers: dict[str, Any]) -> None:
    assert "canary" not in json.dumps(powers["environment"])
    assert powers["environment"]["HOME"] == "/sandbox/home"


def test_a_notebook_writes_to_its_own_scratch_folders_only(powers: dict[str, Any]) -> None:
    assert powers["writable"] == ["/sandbox/jobs", "/tmp"]
    assert powers["jobs"] == ["x"]  # its own, written just before


def test_kernels_do_not_see_each_others_files(nursery: Nursery) -> None:
    run(nursery, "open('/tmp/note', 'w').write('hello'); open('/dev/shm/note', 'w').write('x')")
    _, texts = run(nursery, "import os; print(os.listdir('/tmp'), os.listdir('/dev/shm'))")
    assert "note" not in texts[0]


def test_a_slow_cell_is_interrupted_and_the_next_one_runs(nursery: Nursery) -> None:
    limits = Limits(cell_seconds=2, notebook_seconds=40)
    done, texts = run(nursery, "while True: pass", "print(6 * 7)", limits=limits)
    assert [incident.kind for incident in done.incidents] == ["timeout"]
    assert texts[1] == "42\n"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import os; os._exit(3)", "died"),
        ("x = bytearray()\nwhile True: x += bytes(10_000_000)", "memory"),
        ("import os, time\nfor _ in range(60): os.fork() or time.sleep(20)", "processes"),
        ("while True: print('x' * 1000)", "output"),
        ("open('/root/.bashrc', 'w')", "files"),
        ("import socket; socket.socket().connect(('127.0.0.1', 1))", "network"),
        ("import gc; gc.get_objects()", "tampering"),
    ],
)
def test_what_breaks_a_limit_is_named(nursery: Nursery, source: str, kind: str) -> None:
    done, _ = run(nursery, source)
    assert kind in {incident.kind for incident in done.incidents}


def test_a_guards_flood_is_cut_off(nursery: Nursery) -> None:
    kernel = nursery.start_kernel(SMALL)
    kernel._take(bytes([0, 15, 0, 0]) + bytes(1000))
    kernel._take(bytes(MOST_HEARD))
    assert kernel.trouble == "more was sent than observations can hold"
    assert kernel.wait(20)
    kernel.close()
    assert not kernel.folder.exists()


def test_a_frame_of_no_length_is_not_believed(nursery: Nursery) -> None:
    kernel = nursery.start_kernel(SMALL)
    kernel._take(b"\0\0\0\0points: 20")
    assert "did not start" in kernel.trouble
    kernel.close()


def test_the_provisioner_is_registered(nursery: Nursery) -> None:
    manager = SandboxedKernelManager(nursery, SMALL)
    assert manager.kernel_spec.metadata["kernel_provisioner"]["provisioner_name"] == PROVISIONER


@pytest.mark.parametrize(("target", "noted"), [("note.txt", False), ("/etc/passwd", True)])
def test_links_out_of_its_own_folders_are_noted(nursery: Nursery, target: str, noted: bool) -> None:
    done, _ = run(nursery, f"import os; os.symlink({target!r}, 'link')")
    assert ("os.symlink" in [incident.detail for incident in done.incidents]) is noted


def test_a_nursery_leaves_nothing_behind() -> None:
    with Nursery("import json") as made:
        kernel = made.start_kernel(SMALL)
        folder, process = made.folder, made._process
    assert process.poll() is not None
    assert kernel.wait(20)
    assert not folder.exists()


def test_without_bubblewrap_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match=r"bubblewrap \(bwrap\) is not installed.*--unsafe"):
        Nursery("import json")


def test_a_course_that_no_sandbox_would_see_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/tmp/course/.venv")
    with pytest.raises(SandboxError, match=r"/tmp/course/.venv cannot be seen .* move"):
        Nursery("import json")


def test_a_system_that_forbids_namespaces_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: no permissions' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SandboxError, match=r"(?s)bwrap: no permissions.*user namespaces"):
        Nursery("import json").__enter__()


def test_unsafe_runs_without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/sbin")
    with Nursery("import json", unsafe=True) as made:
        done, texts = run(made, "print(6 * 7)")
    assert texts == ["42\n"]
    assert done.incidents == []


AS_ORDINARY_USER = """
import os, sys
sys.path.insert(0, "/sandbox/code")
from inside import confinement, keeper
confinement.unshare(confinement.CLONE_NEWPID)
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os.mkdir("/sandbox/jobs/one")
job = keeper.Job("/sandbox/jobs/one", {}, {})
keeper._enter(job, confinement.Limits(memory=10**9))
confinement.make_read_only(keeper.PLACE)
confinement.drop_privileges()
print([name for name in os.listdir("/proc") if name.isdigit()], os.listdir("/sandbox/jobs"))
print("capabilities", open("/proc/self/status").read().split("CapEff:")[1].split()[0])
"""


def test_an_ordinary_user_can_confine_kernels_too(tmp_path: Path) -> None:
    """The same system calls, in the system's own Python, since others may not enter /root."""
    python = "/usr/bin/python3" if os.geteuid() == 0 else sys.executable
    assert Path(python).exists(), "the system has no python3 of its own"
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-add", "ALL"]
    for folder in ("/usr", "/bin", "/sbin", "/lib", "/lib64"):
        if Path(folder).is_symlink():
            command += ["--symlink", str(Path(folder).readlink()), folder]
        elif Path(folder).exists():
            command += ["--ro-bind", folder, folder]
    if python == sys.executable:
        command += [part for p in (sys.prefix, sys.base_prefix) for part in ("--ro-bind", p, p)]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/sandbox"]
    command += ["--dir", "/sandbox/kernel", "--dir", "/sandbox/home", "--dir", "/sandbox/jobs"]
    command += ["--ro-bind", str(INSIDE), "/sandbox/code/inside", python, "-c", AS_ORDINARY_USER]
    done = subprocess.run(
        command,
        user="nobody" if os.geteuid() == 0 else getpass.getuser(),
        group="nogroup" if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"['1'] []\ncapabilities {'0' * 16}\n"
