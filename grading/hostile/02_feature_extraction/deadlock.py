# trick: waits for a lock that nobody will open
# reported: timeout
import threading

lock = threading.Lock()
lock.acquire()
threading.Thread(target=lock.acquire).start()
lock.acquire()
