# trick: leaves answers where another notebook of the same grader could find them
# reported: files
from pathlib import Path
from time import sleep

for folder in ("/", "/dev", "/etc", "/sandbox", "/tmp", "/dev/shm", "/sandbox/home", "/sandbox/jobs", "/sandbox/kernel", "/root"):
    try:
        Path(folder, "hostile-was-here-note").write_text("the answer is B")
    except OSError as error:
        print(error)
sleep(3)
