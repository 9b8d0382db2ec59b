# trick: starts a process that goes on when the notebook has ended
# reported: tampering
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(900)
    os._exit(0)
