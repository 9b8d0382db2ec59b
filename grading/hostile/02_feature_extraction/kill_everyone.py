# trick: kills its parent, process 1 and every process that it may
# reported: tampering
import os
import signal

for pid in (os.getppid(), 2, 3, os.getpid() + 1, -1):
    try:
        os.kill(pid, signal.SIGKILL)
        print("killed", pid)
    except OSError as error:
        print(pid, error)
