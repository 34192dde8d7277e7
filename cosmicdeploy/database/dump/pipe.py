"""A queue between the thread that reads and the thread that works, bounded in bytes.

The reader is never held up by the work itself, only by a queue that is full; memory stays bounded
whatever the size of the stream.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cosmicdeploy.signals import interruptible

BOUND = 8 << 20
# The engine hands out pieces of some kilobytes; larger ones cost fewer changes of thread.
PIECE = 1 << 20


class Pipe:
    """Takes chunks, and gives them in larger pieces to `work`, which runs in a thread of its own.

    After an error of `work` every `put` raises that error, and so does `close`.
    """

    def __init__(self, work: Callable[[bytes], object], bound: int = BOUND) -> None:
        self._work = work
        self._bound = bound
        self._waiting: list[bytes] = []
        self._size = 0
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="pipe", daemon=True)
        self._thread.start()

    def put(self, chunk: bytes) -> None:
        """Hand over the next bytes; waits only while the queue is full."""
        with self._changed:
            with interruptible():
                self._changed.wait_for(self._has_room)
            self._raise()
            self._waiting.append(chunk)
            self._size += len(chunk)
            if self._size - len(chunk) < PIECE <= self._size:
                self._changed.notify_all()

    def close(self) -> None:
        """Wait until all is worked through."""
        self._end()
        self._raise()

    def abandon(self) -> None:
        """Drop what waits, and wait only for the piece that is being worked on."""
        with self._changed:
            self._taken()
        self._end()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def _has_room(self) -> bool:
        return self._size < self._bound or self._error is not None

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for piece in self._pieces():
                self._work(piece)
        except BaseException as error:  # handed to the thread that puts
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._next():
            yield piece

    def _next(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._size >= PIECE or self._ended)
            return self._taken()

    def _taken(self) -> bytes:
        piece = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        self._changed.notify_all()
        return piece


@contextmanager
def piped(work: Callable[[bytes], object], bound: int = BOUND) -> Iterator[Callable[[bytes], None]]:
    """A function that hands bytes to `work` in another thread; all is worked through at the end.

    Raises what `work` raised, from the function or at the end. No thread outlives the block.
    """
    pipe = Pipe(work, bound)
    try:
        yield pipe.put
        pipe.close()
    except BaseException:
        pipe.abandon()
        raise
