# trick: never comes to an end and ignores interrupts
# reported: timeout
# detail: did not stop when interrupted
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    try:
        while True:
            pass
    except BaseException:
        continue
