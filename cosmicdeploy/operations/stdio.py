"""The deployer's own standard streams, connected to a command in a container."""

from __future__ import annotations

import os
import select
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from cosmicdeploy.engine.facts import Streams

STDIN, STDOUT, STDERR = 0, 1, 2
LOOK_EVERY_SECONDS = 0.1


class ReaderGone(Exception):
    """The reader of the output has gone away, as in `… | head`."""


@contextmanager
def own_streams() -> Iterator[Streams]:
    """Provide standard input, output and error.

    Where input and output are a terminal, it is in raw mode until the block is left.
    """
    terminal = own_terminal()
    over = threading.Event()
    streams = Streams(
        stdin=_read(STDIN, over),
        out=partial(_write, STDOUT),
        err=partial(_write, STDERR),
        size=_size if terminal else None,
        over=over,
    )
    if not terminal:
        yield streams
        return
    with _raw(STDIN):
        yield streams


def own_terminal() -> bool:
    """Whether standard input and output are a terminal."""
    return _is_terminal(STDIN) and _is_terminal(STDOUT)


def is_read(descriptor: int) -> bool:
    """Whether the other end of this output is still open."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _is_terminal(descriptor: int) -> bool:
    return os.isatty(descriptor)  # False where it is closed, too


def _size() -> tuple[int, int]:
    columns, lines = os.get_terminal_size(STDOUT)
    return lines, columns


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Put a terminal into raw mode: each key goes through, Ctrl-C too.

    Keys that were typed before are kept.
    """
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor, termios.TCSADRAIN)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _read(descriptor: int, over: threading.Event) -> Iterator[bytes]:
    """Yield input until it ends or `over` is set.

    After that nothing more is read, so that keys typed for the next program reach it.
    """
    while not over.is_set():
        try:
            ready, _, _ = select.select([descriptor], [], [], LOOK_EVERY_SECONDS)
            chunk = os.read(descriptor, 65536) if ready and not over.is_set() else None
        except (OSError, ValueError):
            return  # it is closed
        if chunk == b"":
            return
        if chunk:
            yield chunk


def _write(descriptor: int, data: bytes) -> None:
    """Write all of the data. Raises `ReaderGone`."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # another program has made the stream non-blocking
            select.select([], [descriptor], [])
        except BrokenPipeError as error:
            raise ReaderGone from error
