"""Bytes between the sandbox and the grader: frames, and observations as JSON and tensors.

Nothing here is ever unpickled: what comes out of a sandbox was written by a student's process.
"""

import json
import socket
import struct
from collections.abc import Callable
from typing import Any

LARGEST_FRAME = 32_000_000  # bytes
# Who wrote a frame: the keeper, the student's process, the grader, or a judge.
KEEPER, GUARD, GRADER, JUDGE = b"K", b"G", b"H", b"J"

_LENGTH = struct.Struct(">I")
_PLAIN = (bool, int, float, str)


class WireError(Exception):
    """What was received is not what the protocol allows."""


def send_frame(connection: socket.socket, sender: bytes, body: bytes) -> None:
    """Send one frame: its length, who wrote it, its body."""
    connection.sendall(_LENGTH.pack(len(body) + 1) + sender + body)


def receive_frame(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Return a frame's sender and body; None at the end of the stream.

    Raises:
        WireError: the frame is empty, too large or cut off.
    """
    head = _receive_exactly(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if not 0 < length <= LARGEST_FRAME:
        raise WireError(f"a frame of {length:,} bytes")
    body = _receive_exactly(connection, length)
    if body is None:
        raise WireError("the stream ends inside a frame")
    return body[:1], body[1:]


def _receive_exactly(connection: socket.socket, count: int) -> bytes | None:
    parts, missing = [], count
    while missing:
        part = connection.recv(min(missing, 1 << 20))
        if not part:
            if missing == count:
                return None
            raise WireError("the stream ends inside a frame")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def encode(value: Any) -> tuple[Any, dict[str, Any]]:
    """Return plain data as something JSON can hold, and the tensors it refers to.

    Raises:
        TypeError: the value holds something that is neither a number, a string, a tensor, None,
            nor a list, tuple or dict of them.
    """
    import torch

    tensors: dict[str, Any] = {}

    def walk(part: Any) -> Any:
        if part is None or type(part) in _PLAIN:
            return part
        if isinstance(part, torch.Tensor):
            name = str(len(tensors))
            tensors[name] = _plain_tensor(part)
            return {"tensor": name, "requires_grad": bool(part.requires_grad)}
        if isinstance(part, dict):
            return {"dict": [[walk(key), walk(item)] for key, item in part.items()]}
        if isinstance(part, (list, tuple)):
            kind = "list" if isinstance(part, list) else "tuple"
            return {kind: [walk(item) for item in part]}
        if isinstance(part, _PLAIN):  # a subclass: its plain value
            return next(kind(part) for kind in _PLAIN if isinstance(part, kind))
        raise TypeError(f"an observation holds a {type(part).__name__}")

    return walk(value), tensors


def decode(coded: Any, tensors: dict[str, Any]) -> Any:
    """Return what `encode` was given.

    Raises:
        WireError: the data was not written by `encode`.
    """
    if coded is None or type(coded) in _PLAIN:
        return coded
    if not isinstance(coded, dict) or not coded:
        raise WireError("an observation of unknown form")
    kind, content = next(iter(coded.items()))
    try:
        if kind == "tensor":
            tensor = tensors[content]
            return tensor.requires_grad_() if coded.get("requires_grad") else tensor
        if kind == "dict":
            return {decode(key, tensors): decode(item, tensors) for key, item in content}
        items = [decode(item, tensors) for item in content]
    except (KeyError, TypeError, ValueError, RuntimeError, RecursionError) as error:
        raise WireError(f"an observation of unknown form ({type(error).__name__})") from error
    if kind not in ("list", "tuple"):
        raise WireError("an observation of unknown form")
    return items if kind == "list" else tuple(items)


def pack(header: Any, tensors: dict[str, Any], save: Callable[[dict], bytes]) -> bytes:
    """Join a JSON header and tensors, as safetensors, into one body."""
    text = json.JSONEncoder().encode(header).encode()  # the library's own object can be changed
    return _LENGTH.pack(len(text)) + text + (save(tensors) if tensors else b"")


def unpack(body: bytes) -> tuple[Any, dict[str, Any]]:
    """Return the header and the tensors of a body.

    Raises:
        WireError: it is not such a body.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    header, rest = header_of(body)
    try:
        return header, load(rest) if rest else {}
    except (ValueError, KeyError, RecursionError, SafetensorError) as error:
        raise WireError(f"a message of unknown form ({type(error).__name__})") from error


def header_of(body: bytes) -> tuple[Any, bytes]:
    """Return the header of a body, and its tensors as they are.

    Raises:
        WireError: it is not such a body.
    """
    try:
        (length,) = _LENGTH.unpack(body[: _LENGTH.size])
        start = _LENGTH.size + length
        if len(body) < start:
            raise ValueError("cut off")
        return json.loads(body[_LENGTH.size : start]), body[start:]
    except (struct.error, ValueError, RecursionError) as error:
        raise WireError(f"a message of unknown form ({type(error).__name__})") from error


def _plain_tensor(tensor: Any) -> Any:
    """Return a tensor's values as a plain, contiguous CPU tensor of its own."""
    import torch

    with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
        plain = torch.Tensor.detach(tensor)
        if plain.layout is not torch.strided:
            plain = torch.Tensor.to_dense(plain)
        plain = torch.Tensor.as_subclass(plain, torch.Tensor)
        return plain.to("cpu", copy=True).resolve_conj().resolve_neg().contiguous()
