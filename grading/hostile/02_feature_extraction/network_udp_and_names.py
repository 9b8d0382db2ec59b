# trick: sends data in datagrams and in names that it asks for
# reported: network
import socket

try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"secret", ("8.8.8.8", 53))
    print("CONNECTED")
except OSError as error:
    print(error)
try:
    print("CONNECTED", socket.getaddrinfo("secret.example.org", 80))
except OSError as error:
    print(error)
