# trick: prints without end
# reported: output|memory
import sys

while True:
    print("x" * 100_000)
    sys.stdout.write("y" * 100_000)
