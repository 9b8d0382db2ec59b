# trick: writes garbage and made-up frames to every socket it finds
# reported: tampering|died|timeout
import os
import socket
import struct

note = b'\0\0\0\x20{"note": "nothing", "detail": ""}'
for number in range(3, 1024):
    try:
        if socket.socket(fileno=os.dup(number)).type == socket.SOCK_STREAM:
            os.write(number, struct.pack(">I", len(note)) + note)
            os.write(number, b"\0\0\0\0 points: 20 of 20")
            os.write(number, os.urandom(5000))
    except OSError:
        continue
