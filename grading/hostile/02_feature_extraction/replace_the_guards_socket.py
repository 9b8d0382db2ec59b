# trick: puts a socket of its own where the guard's was
# reported: tampering|died|timeout
import os
import socket

mine, other = socket.socketpair()
for number in range(3, 1024):
    try:
        if socket.socket(fileno=os.dup(number)).family == socket.AF_UNIX:
            os.dup2(mine.fileno(), number)
    except OSError:
        continue
