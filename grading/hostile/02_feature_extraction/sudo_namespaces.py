# trick: makes namespaces of its own, to mount and to trace with new powers
# reported: tampering
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x10000000, 0x00020000, 0x40000000, 0x10020000):
    if libc.unshare(flags) == 0:
        print("MADE", hex(flags))
print(libc.syscall(101, 16, 1, 0, 0), libc.mount(b"x", b"/tmp", b"tmpfs", 0, None), ctypes.get_errno())
if libc.chroot(b"/tmp") == 0 or libc.setuid(0) + libc.sethostname(b"evil", 4) == 0:
    print("MADE a root")
