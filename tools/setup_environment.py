"""Make .venv and install the pinned environment; the Makefile calls it before everything else.

usage: python tools/setup_environment.py VENV [EXTRA ...]

Runs on the system's Python, whatever its version, so that a wrong one gets a clear answer.
Does nothing if the environment is already what pyproject.toml and constraints.txt ask for.
"""

import hashlib
import os
import subprocess
import sys
import venv

OLDEST, NEWEST = (3, 11), (3, 13)
DISK_GB = 8  # with the CUDA libraries that torch brings on Linux
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOG = os.path.join(ROOT, "build", "setup.log")


def main(folder, extras):
    refuse_wrong_python()
    stamp = os.path.join(folder, "installed.txt")
    installed = read(stamp).split(",")
    if installed[0] == fingerprint():
        if set(extras) <= set(installed[1:]):
            return
        extras = sorted(set(extras) | set(installed[1:]))
    print(
        "Setting up %s with Python %s (some minutes; log: build/setup.log) ..."
        % (os.path.relpath(folder, ROOT), sys.version.split()[0]),
        flush=True,
    )
    try:
        install(folder, extras)
        with open(stamp, "w") as file:
            file.write(",".join([fingerprint(), *extras]))
    except OSError as error:
        stop("%s: %s" % (error.strerror, error.filename or folder))
    print("Done.", flush=True)


def refuse_wrong_python():
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        stop(
            "this is Python %d.%d; the course needs %d.%d to %d.%d. "
            "Install one of them and run `make ... PYTHON=python%d.%d`."
            % (sys.version_info[:2] + OLDEST + NEWEST + NEWEST)
        )


def fingerprint():
    """Return what the environment depends on, as one line."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return "%s %d.%d" % (digest.hexdigest(), sys.version_info[0], sys.version_info[1])


def install(folder, extras):
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    with open(LOG, "w", encoding="utf-8") as log:
        python = os.path.join(folder, "bin", "python")
        if not works([python, "-m", "pip", "--version"]):
            make_environment(folder)
        target = ROOT + ("[%s]" % ",".join(extras) if extras else "")
        pip = [python, "-m", "pip", "install", "--progress-bar", "off"]
        pins = os.path.join(ROOT, "constraints.txt")
        run([*pip, "--constraint", pins, "--editable", target], log)
        # JupyterLab asks every new user about news; a course page should not.
        announcements = "@jupyterlab/apputils-extension:announcements"
        lab = [os.path.join(folder, "bin", "jupyter"), "labextension", "disable"]
        run([*lab, "--level=sys_prefix", announcements], log)


def works(command):
    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def make_environment(folder):
    try:
        venv.create(folder, with_pip=True, clear=True)
    except subprocess.CalledProcessError:
        stop("this Python cannot make environments with pip (on Debian: apt install python3-venv).")


def run(command, log):
    if subprocess.call(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT) != 0:
        stop(explain(read(LOG)))


def explain(log):
    """Return one line that says why an installation failed."""
    if "No space left on device" in log:
        return "the disk is full. Free about %d GB, then run the command again." % DISK_GB
    unreachable = (
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
        "ProxyError",
        "Temporary failure in name resolution",
        "No matching distribution found",
    )
    if any(sign in log for sign in unreachable):
        return (
            "the Python package index cannot be reached or lacks a pinned version. Check the "
            "network, a proxy or `pip config list`, then try again (log: build/setup.log)."
        )
    errors = [line.strip() for line in log.splitlines() if line.lower().startswith("error")]
    return "the installation failed: %s (log: build/setup.log)" % (
        errors[-1] if errors else "no reason given"
    )


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def stop(line):
    print("setup: " + line, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2:])
