"""The deployer's standard streams, for a command in a container."""

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
POLL_SECONDS = 0.1


class ReaderGone(Exception):
    """The program that reads the output has ended, as in `… | head`."""


@contextmanager
def standard_streams() -> Iterator[Streams]:
    """Provide the deployer's standard input, output and error during the block.

    If input and output are a terminal, the terminal is in raw mode during the block.
    """
    terminal = is_at_terminal()
    stop = threading.Event()
    streams = Streams(
        stdin=_read(STDIN, stop),
        out=partial(_write, STDOUT),
        err=partial(_write, STDERR),
        size=_size if terminal else None,
        over=stop,
    )
    if not terminal:
        yield streams
        return
    with _raw(STDIN):
        yield streams


def is_at_terminal() -> bool:
    """Whether standard input and standard output both are a terminal."""
    return _is_terminal(STDIN) and _is_terminal(STDOUT)


def has_reader(descriptor: int) -> bool:
    """Whether a program can still read this output; False once a pipe's other end is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _is_terminal(descriptor: int) -> bool:
    return os.isatty(descriptor)  # also False for a closed descriptor


def _size() -> tuple[int, int]:
    """Return the terminal's lines and columns, in the order that the engine expects."""
    columns, lines = os.get_terminal_size(STDOUT)
    return lines, columns


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Put a terminal into raw mode during the block: all keys, even Ctrl-C, are passed on.

    Keys that were typed earlier but not read yet are kept.
    """
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor, termios.TCSADRAIN)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _read(descriptor: int, stop: threading.Event) -> Iterator[bytes]:
    """Yield input until it ends or `stop` is set.

    After `stop`, no more input is read, so that keys typed for the next program reach that program.
    """
    while not stop.is_set():
        try:
            ready, _, _ = select.select([descriptor], [], [], POLL_SECONDS)
            chunk = os.read(descriptor, 65536) if ready and not stop.is_set() else None
        except (OSError, ValueError):
            return  # the stream is closed
        if chunk == b"":
            return
        if chunk:
            yield chunk


def _write(descriptor: int, data: bytes) -> None:
    """Write all of the data. Raises `ReaderGone` if the program that read the output has ended."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # another program has made the stream non-blocking
            select.select([], [descriptor], [])
        except BrokenPipeError as error:
            raise ReaderGone from error
