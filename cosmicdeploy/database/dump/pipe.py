"""A queue between the thread that reads a stream and the thread that processes it.

The queue holds a limited number of bytes, so that memory stays bounded. The reading thread waits
only while the queue is full.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cosmicdeploy.process.signals import interruptible

QUEUE_BYTES = 8 << 20
# The engine delivers chunks of some kilobytes; larger pieces need fewer switches between threads.
PIECE_BYTES = 1 << 20


class Pipe:
    """Takes chunks, joins them into larger pieces, and passes each piece to `work` in a thread.

    The queue is full once it holds `limit` bytes. After `work` has raised an error, `put` and
    `close` raise that error too.
    """

    def __init__(self, work: Callable[[bytes], object], limit: int = QUEUE_BYTES) -> None:
        self._work = work
        self._limit = limit
        self._waiting: list[bytes] = []
        self._size = 0
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="pipe", daemon=True)
        self._thread.start()

    def put(self, chunk: bytes) -> None:
        """Queue the next bytes; wait only while the queue is full. Raises what `work` raised."""
        with self._changed:
            with interruptible():
                self._changed.wait_for(self._has_room)
            self._raise()
            self._waiting.append(chunk)
            self._size += len(chunk)
            if self._size - len(chunk) < PIECE_BYTES <= self._size:  # a piece is now complete
                self._changed.notify_all()

    def close(self) -> None:
        """Wait until `work` has processed every byte. Raises what `work` raised."""
        self._end()
        self._raise()

    def abandon(self) -> None:
        """Drop the queued bytes, and wait until `work` has processed the current piece."""
        with self._changed:
            self._take_all()
        self._end()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def _has_room(self) -> bool:
        return self._size < self._limit or self._error is not None

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for piece in self._pieces():
                self._work(piece)
        except BaseException as error:  # raised again by `put` and `close`
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._next():
            yield piece

    def _next(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._size >= PIECE_BYTES or self._ended)
            return self._take_all()

    def _take_all(self) -> bytes:
        piece = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        self._changed.notify_all()
        return piece


@contextmanager
def piped(
    work: Callable[[bytes], object],
    limit: int = QUEUE_BYTES,
    stop: Callable[[], None] | None = None,
) -> Iterator[Callable[[bytes], None]]:
    """Yield a function that passes bytes to `work` in another thread.

    At the end of the block, wait until `work` has processed all bytes. If `work` raises an error,
    the function or the end of the block raises that error. The thread never outlives the block: if
    the block raises, `stop` is called so that `work` stops waiting, for example for the server.
    """
    pipe = Pipe(work, limit)
    try:
        yield pipe.put
        pipe.close()
    except BaseException:
        if stop is not None:
            stop()
        pipe.abandon()
        raise
