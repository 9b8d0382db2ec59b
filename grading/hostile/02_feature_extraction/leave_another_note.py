# trick: looks for the note of another notebook, for as long as that may run
# reported: files
from pathlib import Path
from time import sleep

for _ in range(30):
    for folder in ("/", "/dev", "/etc", "/sandbox", "/tmp", "/dev/shm", "/sandbox/home", "/sandbox/jobs", "/sandbox/kernel", "/root"):
        if Path(folder, "hostile-was-here-note").exists():
            print("NOTE FOUND", folder)
    sleep(0.1)
open("/hostile-was-here-too", "w").close()
