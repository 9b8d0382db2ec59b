# trick: fills memory with files: in /dev/shm, /tmp, and one that has no name
# reported: files|tampering
import os

total = 0
for folder in ("/dev/shm", "/tmp", "/sandbox/home", "/sandbox/jobs", "/", "/dev", "/etc"):
    for number in range(20):
        try:
            with open(f"{folder}/hostile-was-here-{number}", "wb") as file:
                total += file.write(b"x" * 50_000_000)
        except OSError as error:
            print(folder, error)
            break
print("GOT" if total > 1_100_000_000 else "bounded", total)
try:
    print("GOT", os.memfd_create("hostile"))
except OSError as error:
    print(error)
