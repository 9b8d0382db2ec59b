# trick: talks to services of the machine over their Unix sockets, and to the grader's own
# reported: network
import socket

names = ["/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket"]
names += ["/sandbox/jobs/nursery.sock", "/sandbox/jobs/judge.sock"]
names += ["/var/run/postgresql/.s.PGSQL.5432", "\0/tmp/.X11-unix/X0", "\0hostile"]
for name in names:
    try:
        socket.socket(socket.AF_UNIX).connect(name)
        print("CONNECTED", name)
    except OSError as error:
        print(name, error)
print(open("/proc/net/unix").read().count("@"))
