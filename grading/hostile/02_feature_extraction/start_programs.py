# trick: starts many shells through the library that is made for it
# reported: processes|tampering
import subprocess

running = [subprocess.Popen(["sleep", "60"]) for _ in range(40)]
print(len(running))
for one in running:
    one.wait()
