"""The kernel that runs one notebook: ipykernel's own, plus requests to observe an answer."""

import contextlib
import json
import os
import socket
from pathlib import Path
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from . import confinement, guard

SETTINGS = Config(
    HistoryManager={"enabled": False},
    IPCompleter={"use_jedi": False},
    InteractiveShell={"xmode": "Plain"},  # the long form searches every module for a traceback
)
OBSERVE = "#observe "  # begins a request that the grader alone sends


class GradingKernel(IPythonKernel):
    """ipykernel, which also observes answers where the grader asks for it."""

    async def do_execute(self, code: str, *args: Any, **options: Any) -> dict:
        if not code.startswith(OBSERVE):
            return await super().do_execute(code, *args, **options)
        guard.observe(json.loads(code[len(OBSERVE) :]), self.shell.user_ns)
        return {
            "status": "ok",
            "execution_count": self.shell.execution_count,
            "payload": [],
            "user_expressions": {},
        }


class GradingKernelApp(IPKernelApp):
    """IPKernelApp that leaves signals and the terminal to the keeper."""

    kernel_class = GradingKernel

    def init_crash_handler(self) -> None:
        """Crash reports would be files that nobody reads."""

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """There is none, and preparing to read it takes a fifth of the start."""

    def load_config_file(self, *_args: Any, **_options: Any) -> None:
        """Every notebook gets SETTINGS, whatever this machine's IPython is set to."""


def run_kernel(connection: dict, place: str, channel: socket.socket, confined: bool) -> int:
    """Start the kernel on its sockets, give up all privileges, then serve until told to end."""
    file = Path(place) / "kernel.json"
    file.write_text(json.dumps(connection), encoding="utf-8")
    os.environ.pop("JPY_PARENT_PID", None)
    app = GradingKernelApp.instance(
        connection_file=str(file), log_level=50, quiet=True, parent_handle=0, config=SETTINGS
    )
    app.initialize()
    if confined:
        confinement.make_read_only(place)
        confinement.drop_privileges()
    guard.watch(channel, app.kernel)
    with contextlib.suppress(SystemExit):
        app.start()
    return 0
