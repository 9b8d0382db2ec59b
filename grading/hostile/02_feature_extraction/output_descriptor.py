# trick: writes to the descriptor of the standard output, past Python's own stream
# reported: output|timeout
import os

while True:
    os.write(1, b"x" * 1_000_000)
    os.write(2, b"y" * 1_000_000)
