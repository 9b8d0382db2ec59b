# trick: fills System V memory that belongs to no process
# reported: tampering
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
for _ in range(30):
    segment = libc.shmget(0, 100_000_000, 0o1600)
    if segment < 0:
        print("refused", ctypes.get_errno())
        break
    place = libc.shmat(segment, None, 0)
    ctypes.memset(place, 1, 100_000_000)
    libc.shmdt(ctypes.c_void_p(place))
else:
    print("GOT 3 GB")
