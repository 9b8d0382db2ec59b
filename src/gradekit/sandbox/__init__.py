"""Running notebooks that nobody has read, each in a sandbox of its own."""

from gradekit.sandbox.inside.confinement import Limits
from gradekit.sandbox.launcher import Nursery, SandboxError

__all__ = ["Limits", "Nursery", "SandboxError"]
