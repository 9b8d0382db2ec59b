"""Peak memory of one piece of work, whatever the process did before it."""

import gc
import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class PeakMemory:
    """Measure the most bytes that tensors take at one time inside a `with` block.

    A process's own high-water mark never falls, so it says nothing about the second of two
    methods. On a CUDA device the allocator counts exactly what is allocated inside the block; on
    any other device each operation's inputs and outputs are counted while they live. Make the
    model inside the block, so that its weights count on every device. Not counted: Python, the
    libraries themselves, and what an operation takes and returns within itself. Counting costs
    about 10 microseconds an operation: some hundredths of the time of training on a CPU.

        with PeakMemory(course.device) as peak:
            train()
        print(peak.bytes)

    Args:
        device: where the work happens, such as "cpu" or "cuda".

    Attributes:
        bytes: the peak; 0 until the block has ended.
    """

    def __init__(self, device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        self.bytes = 0
        self._before = 0
        self._tensors: _TensorBytes | None = None

    def __enter__(self) -> "PeakMemory":
        gc.collect()  # so that no old model in a cycle is freed inside the block
        self.bytes = 0
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            torch.cuda.reset_peak_memory_stats(self.device)
            self._before = torch.cuda.memory_allocated(self.device)
        else:
            self._tensors = _TensorBytes()
            self._tensors.__enter__()
            torch.empty(0)  # the first operation under a mode imports for a second
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._tensors is not None:
            self._tensors.__exit__(*exception)
            self.bytes, self._tensors = self._tensors.peak, None
        else:
            torch.cuda.synchronize(self.device)
            self.bytes = torch.cuda.max_memory_allocated(self.device) - self._before


class _TensorBytes(TorchDispatchMode):
    """Count the memory behind every tensor that an operation takes or returns, while it lives."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._alive: dict[int, weakref.ref] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        self._count(args)
        self._count(kwargs.values())
        result = func(*args, **kwargs)
        self._count((result,))
        return result

    def _count(self, values: Iterable[Any]) -> None:
        for value in values:
            if isinstance(value, torch.Tensor):
                self._count_storage(value)
            elif isinstance(value, (list, tuple)):
                self._count(value)

    def _count_storage(self, tensor: torch.Tensor) -> None:
        if tensor.layout is not torch.strided or tensor.is_meta:
            return
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._alive:
            return
        size = storage.nbytes()

        def forget(_: weakref.ref) -> None:
            self.now -= size
            del self._alive[key]

        self._alive[key] = weakref.ref(storage, forget)
        self.now += size
        self.peak = max(self.peak, self.now)
