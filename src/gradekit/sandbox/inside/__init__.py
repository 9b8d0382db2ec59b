"""What runs inside the sandbox: the nursery that forks kernels, and what watches them.

Mounted there as the package `inside`; imports nothing of `gradekit`.
"""
