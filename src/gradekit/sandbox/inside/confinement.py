"""System calls that confine a process, through ctypes: namespaces, mounts, capabilities, limits.

Linux only. Numbers are from the kernel's headers: sched.h, mount.h, prctl.h, capability.h,
seccomp.h, audit.h, and the tables of system calls of x86-64 and AArch64.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
OWN_NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 22, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL, SECCOMP_MODE_FILTER = 4, 2
CAPABILITY_VERSION_3, LAST_CAPABILITY = 0x20080522, 63

libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """What one notebook may use.

    Attributes:
        cell_seconds: wall time of a cell before it is interrupted.
        notebook_seconds: wall time of the whole notebook.
        memory: resident memory of all its processes together, bytes.
        processes: processes at once.
        file_bytes: size of a file, and of all its files together.
        output_bytes: size of all outputs together.
    """

    cell_seconds: float = 60.0
    notebook_seconds: float = 300.0
    memory: int = 4_000_000_000
    processes: int = 32
    file_bytes: int = 256_000_000
    output_bytes: int = 20_000_000


def unshare(flags: int) -> None:
    """Leave namespaces; a new process namespace takes effect for children only."""
    _check(libc.unshare(flags), "unshare")


def mount(
    source: str | None, target: str, kind: str | None, flags: int = 0, options: str | None = None
) -> None:
    """Mount as mount(2) does."""
    arguments = [text.encode() if text is not None else None for text in (source, target, kind)]
    data = options.encode() if options is not None else None
    _check(libc.mount(*arguments, ctypes.c_ulong(flags), data), f"mount {target}")


def make_mounts_private() -> None:
    """Keep the mounts that follow from showing anywhere else."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)


def bind(source: str, target: str) -> None:
    """Show a folder at another place."""
    mount(source, target, None, MS_BIND)


def make_read_only(target: str) -> None:
    """Forbid writing below a bound folder; sockets in it stay usable."""
    flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    mount(None, target, None, flags)


def scratch(target: str, size: int) -> None:
    """Cover a folder with an empty one in memory, of a bounded size."""
    mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, f"size={size},nr_inodes=20000,mode=0700")


def fresh_proc() -> None:
    """Show this process namespace's own processes, and no others, under /proc.

    Read-only: where the grader is root, the kernel's settings in /proc/sys belong to this user.
    """
    mount("proc", "/proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)


def die_with_parent(signal_number: int) -> None:
    """Let the kernel send a signal to this process when its parent ends."""
    _prctl(PR_SET_PDEATHSIG, signal_number)


def set_limits(limits: Limits) -> None:
    """Set this process's resource limits; what it starts inherits them."""
    shared = _data_bytes()
    seconds = int(limits.notebook_seconds) + 60
    for name, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, 1024),
        (resource.RLIMIT_NPROC, 4096),  # of all notebooks together; does not bind root
        (resource.RLIMIT_DATA, shared + 2 * limits.memory),  # a huge allocation fails at once
        (resource.RLIMIT_AS, shared + 16 * limits.memory),
        (resource.RLIMIT_CPU, seconds * (os.cpu_count() or 1)),
    ):
        _, hard = resource.getrlimit(name)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))


def _data_bytes() -> int:
    """Return how much of what RLIMIT_DATA counts this process has, shared with its parent."""
    return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()


def drop_privileges() -> None:
    """Give up every capability for good, and the means to get one; forbid unneeded system calls."""
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(LAST_CAPABILITY + 1):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) and ctypes.get_errno() != errno.EINVAL:
            _check(-1, "prctl(PR_CAPBSET_DROP)")
    header = struct.pack("<II", CAPABILITY_VERSION_3, 0)
    _check(libc.capset(header, bytes(24)), "capset")
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    forbid_system_calls()


# name: (x86-64, AArch64); what no lesson needs and attacks on a kernel start with
FORBIDDEN_CALLS = {
    "ptrace": (101, 117),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "memfd_create": (319, 279),  # memory that belongs to no process: not seen by the keeper
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "open_by_handle_at": (304, 265),
    "kcmp": (312, 272),
    "fsopen": (430, 430),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
}
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_X32_CALLS = 0x40000000
_LOAD, _RETURN = 0x20, 0x06  # BPF instructions, linux/bpf_common.h
_JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT = 0x15, 0x35, 0x45
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_REFUSE, _UNKNOWN = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # offsets in struct seccomp_data


def forbid_system_calls() -> None:
    """Refuse the calls of `FORBIDDEN_CALLS` from now on; elsewhere than on known machines, none.

    New user namespaces are refused as well: they would give capabilities back. `clone3`, whose
    flags a filter cannot read, counts as unknown; the C library then uses `clone`.
    """
    if platform.machine() not in _ARCHITECTURES:
        return
    column, architecture = _ARCHITECTURES[platform.machine()]
    numbers = [row[column] for row in FORBIDDEN_CALLS.values()]
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _UNKNOWN),
        (_JUMP_GREATER_EQUAL, len(numbers) + 4, 0, _X32_CALLS),
        *((_JUMP_EQUAL, len(numbers) + 3 - i, 0, number) for i, number in enumerate(numbers)),
        (_JUMP_EQUAL, 0, 2, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_JUMP_ANY_BIT, 1, 0, CLONE_NEWUSER),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in program))
    descriptor = struct.pack("@HP", len(program), ctypes.addressof(code))
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, descriptor)


def _prctl(option: int, *arguments: int | bytes) -> None:
    padded = [*arguments, *[0] * (4 - len(arguments))]
    values = [a if isinstance(a, bytes) else ctypes.c_ulong(a) for a in padded]
    _check(libc.prctl(option, *values), f"prctl({option})")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
