"""Make an environment with the versions that Google Colab pre-installs, to run the lessons in.

usage: python tools/colab_environment.py VENV

The versions are those of tools/colab-runtime.txt, but for torch: it comes from constraints.txt,
since the package index has no CPU build of Colab's version and the CUDA one takes gigabytes.
"""

import os
import re
import subprocess
import sys
import venv

TOOLS = os.path.dirname(os.path.abspath(__file__))


def main(folder: str) -> None:
    stamp = os.path.join(folder, "installed.txt")
    wanted = "\n".join(requirements())
    if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == wanted:
        return
    print(f"Setting up {folder} with Colab's versions ...", flush=True)
    venv.create(folder, with_pip=True, clear=True)
    pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *requirements()], check=True)
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)


def requirements() -> list[str]:
    """Return Colab's pins, with this course's torch."""
    pins = [line for line in read("colab-runtime.txt") if re.match(r"[A-Za-z]", line)]
    torch = next(line for line in read("..", "constraints.txt") if line.startswith("torch=="))
    return [pin for pin in pins if not pin.startswith("torch==")] + [torch]


def read(*parts: str) -> list[str]:
    with open(os.path.join(TOOLS, *parts), encoding="utf-8") as file:
        return file.read().splitlines()


if __name__ == "__main__":
    main(sys.argv[1])
