# trick: spreads memory over processes that each take a little
# reported: memory
import os
import time

for _ in range(10):
    if os.fork() == 0:
        block = bytearray(b"x" * 250_000_000)
        time.sleep(60)
        os._exit(len(block))
time.sleep(4)
