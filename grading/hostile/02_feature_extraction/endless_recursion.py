# trick: recurses until the stack is gone
# reported: died|tampering
import sys

sys.setrecursionlimit(10**9)


def down(n):
    return down(n + 1) + 1


down(0)
