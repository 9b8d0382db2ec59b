# trick: takes shared memory, which is not counted with a process's data
# reported: memory
import mmap

parts = []
while True:
    parts.append(mmap.mmap(-1, 50_000_000))
    parts[-1].write(b"x" * 50_000_000)
