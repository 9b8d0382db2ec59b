# trick: sends the notebook's memory to a server
# reported: network
import socket

for address in (("127.0.0.1", 22), ("127.0.0.1", 5432), ("1.1.1.1", 443), ("10.0.0.1", 80)):
    try:
        socket.create_connection(address, timeout=0.5)
        print("CONNECTED", address)
    except OSError as error:
        print(address, error)
