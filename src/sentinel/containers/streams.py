"""Streams over content that nobody trusts: each read is bounded, and so is their sum."""

from __future__ import annotations

from typing import Protocol

from sentinel.containers.malformed import Malformed

CHUNK = 1 << 20


class Readable(Protocol):
    """Anything that gives bytes in order."""

    def read(self, size: int = ..., /) -> bytes: ...


class Budget:
    """How much may still be decompressed of one file of a model, in bytes."""

    def __init__(self, total: int) -> None:
        self.left = total

    def spend(self, count: int) -> None:
        """Take bytes off what is left.

        Raises:
            Malformed: nothing is left.
        """
        self.left -= count
        if self.left < 0:
            raise Malformed("it decompresses to more than any checkpoint needs")


class Forward:
    """A stream read from its beginning to its end, in bounded pieces.

    Args:
        source: what to read from.
        budget: counts the bytes, for decompressed content.
    """

    def __init__(self, source: Readable, budget: Budget | None = None) -> None:
        self._source = source
        self._budget = budget
        self._buffer = b""
        self._taken = 0  # bytes of the buffer; dropped when it is filled, not at every read

    def _fill(self, count: int) -> None:
        """Hold at least so many bytes that are not taken, or all that are left."""
        while (held := len(self._buffer) - self._taken) < count:
            piece = self._source.read(min(CHUNK, max(count - held, 1 << 14)))
            if not piece:
                return
            if self._budget is not None:
                self._budget.spend(len(piece))
            self._buffer = self._buffer[self._taken :] + piece
            self._taken = 0

    def peek(self, count: int) -> bytes:
        """Return the next bytes, at most so many, without taking them."""
        self._fill(count)
        return self._buffer[self._taken : self._taken + count]

    def read(self, count: int = CHUNK) -> bytes:
        """Take the next bytes: fewer than asked for only at the end; never more than a chunk."""
        piece = self.peek(min(count, CHUNK))
        self._taken += len(piece)
        return piece

    def exactly(self, count: int) -> bytes:
        """Take so many bytes.

        Raises:
            Malformed: the content ends before.
        """
        piece = self.read(count)
        if len(piece) < count:
            raise Malformed("it ends in the middle")
        return piece

    def line(self) -> bytes:
        """Take the next line, without its end.

        Raises:
            Malformed: there is no line's end within a chunk.
        """
        size = 256
        while (end := (held := self.peek(size)).find(b"\n")) < 0:
            if len(held) < size or size >= CHUNK:
                raise Malformed("a line has no end")
            size *= 4
        return self.exactly(end + 1)[:-1]

    def skip(self, count: int) -> None:
        """Pass over so many bytes without keeping them.

        Raises:
            Malformed: the content ends before.
        """
        while count > 0:
            piece = self.read(min(count, CHUNK))
            if not piece:
                raise Malformed("it ends in the middle")
            count -= len(piece)
