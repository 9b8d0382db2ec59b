"""How jupyter_client starts kernels in the sandbox: a kernel provisioner of its own.

Registered as `gradekit-sandbox` under the entry point group `jupyter_client.kernel_provisioners`.
"""

from typing import Any
from uuid import uuid4

import zmq
from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Type

from gradekit.sandbox.inside.confinement import Limits
from gradekit.sandbox.launcher import Nursery, SandboxedKernel

PROVISIONER = "gradekit-sandbox"
LARGEST_MESSAGE = 8_000_000  # bytes; a kernel that sends more is cut off


class SandboxProvisioner(KernelProvisionerBase):
    """Starts a kernel by forking the nursery of the manager that asks for it."""

    kernel: SandboxedKernel | None = None

    @property
    def has_process(self) -> bool:
        return self.kernel is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:  # noqa: ARG002
        self.kernel = self.parent.nursery.start_kernel(self.parent.limits)
        self.connection_info = self.kernel.connection_info()
        # Outside the kernel's own folder, where the manager writes it a second time.
        self.parent.connection_file = f"{self.kernel.folder}.json"
        return self.connection_info

    async def poll(self) -> int | None:
        return None if self.kernel is not None and self.kernel.alive else 1

    async def wait(self) -> int | None:
        if self.kernel is not None:
            self.kernel.close()
        return 0

    async def send_signal(self, signum: int) -> None:  # noqa: ARG002 - interrupts only
        if self.kernel is not None:
            self.kernel.interrupt()

    async def kill(self, restart: bool = False) -> None:  # noqa: ARG002
        if self.kernel is not None:
            self.kernel.kill()

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:  # noqa: ARG002
        if self.kernel is not None:
            self.kernel.close()


class BoundedClient(AsyncKernelClient):
    """A client that a kernel cannot make hold messages of any size."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._monitors: list[zmq.Socket] = []

    def start_channels(self, **options: Any) -> None:
        """Start all channels but the heartbeat: its thread cannot be stopped once a kernel has
        broken the connection, and the keeper tells whether a kernel lives."""
        super().start_channels(**{**options, "hb": False})

    @property
    def cut_off(self) -> bool:
        """Whether a connection has broken, as it does where a message is too large."""
        return any(monitor.poll(0) for monitor in self._monitors)

    def stop_channels(self) -> None:
        for monitor in self._monitors:
            monitor.close(0)
        self._monitors.clear()
        super().stop_channels()

    def _create_connected_socket(self, *args: Any, **kwargs: Any) -> zmq.Socket:
        made = super()._create_connected_socket(*args, **kwargs)
        made.set(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        made.linger = 0
        address = f"inproc://{uuid4().hex}"
        made.monitor(address, zmq.EVENT_DISCONNECTED)
        monitor = zmq.Socket(zmq.Context(self.context), zmq.PAIR)
        monitor.connect(address)
        self._monitors.append(monitor)
        return made


class SandboxedKernelManager(AsyncKernelManager):
    """A kernel manager whose kernels run in a nursery's sandbox."""

    client_factory = Type(BoundedClient)

    def __init__(self, nursery: Nursery, limits: Limits) -> None:
        super().__init__()
        self.nursery, self.limits = nursery, limits
        self._kernel_spec = KernelSpec(
            argv=[],
            language="python",
            display_name="sandboxed Python",
            metadata={"kernel_provisioner": {"provisioner_name": PROVISIONER}},
        )

    @property
    def kernel(self) -> SandboxedKernel:
        """The kernel in its sandbox."""
        return self.provisioner.kernel
