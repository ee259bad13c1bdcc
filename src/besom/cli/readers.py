"""Readers that go away: `besom trials | head` ends there, `besom run | head` goes on unheard."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO


@contextmanager
def ending_unread() -> Iterator[None]:
    """Within, the command ends in order, with exit code 0, once nobody reads standard output any more."""
    with _printing(_end):
        yield


@contextmanager
def outlasting_readers() -> Iterator[None]:
    """Within, the command goes on once nobody reads standard output any more, which standard error is told.

    What runs is worth more than what is said of it.
    """
    with _printing(_tell):
        yield


@contextmanager
def _printing(on_loss: Callable[[], None]) -> Iterator[None]:
    """Within, `on_loss` is called when standard output has lost its reader; standard error may lose its own."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _guarded(sys.stdout, on_loss), _guarded(sys.stderr, lambda: None)
    try:
        yield
    finally:
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:  # there is none where it was closed before the start
                    stream.flush()
        finally:
            sys.stdout, sys.stderr = before


def _end() -> None:
    raise SystemExit(0)


def _tell() -> None:
    from besom.cli.checking import say

    say("note", "nobody reads standard output any more; goes on without it", "yellow", err=True)


class _Outlet(io.FileIO):
    """A stream's file; once its reader has gone away, what is written there goes nowhere."""

    def __init__(self, descriptor: int, on_loss: Callable[[], None]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._on_loss = on_loss

    def write(self, data: Any, /) -> int:
        """Write like any file, and call `on_loss` where nobody reads that."""
        try:
            return super().write(data)
        except BrokenPipeError:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path, a place to write to
                os.dup2(nowhere.fileno(), self.fileno())
            self._on_loss()
            return memoryview(data).nbytes


def _guarded(stream: TextIO, on_loss: Callable[[], None]) -> TextIO:
    """Another writer to the stream's file, which calls `on_loss`; the stream itself where there is no such file."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        outlet = _Outlet(stream.fileno(), on_loss)
    except OSError:  # one in memory, as in tests
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering or stream.write_through,
    )
