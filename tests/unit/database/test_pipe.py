"""A pipe blocks the reader only if its queue is full, and raises the worker's errors there."""

import threading

import pytest

from cosmicdeploy.database.dump.pipe import PIECE_BYTES, Pipe, piped

pytestmark = pytest.mark.unit

CHUNK = bytes(65536)


def test_everything_arrives_in_order() -> None:
    received: list[bytes] = []
    with piped(received.append) as put:
        for number in range(100_000):
            put(b"%d," % number)
    assert b"".join(received) == b"".join(b"%d," % number for number in range(100_000))


def test_a_stalled_worker_blocks_the_reader_only_at_the_bound() -> None:
    """Whatever the length of the stream, the queue exceeds the bound by at most one chunk."""
    resume, bound = threading.Event(), 4 * PIECE_BYTES
    pipe = Pipe(lambda _: resume.wait(), bound)
    done = 0
    for _ in range(bound // len(CHUNK)):  # would never end if the worker blocked the reader
        pipe.put(CHUNK)
        done += len(CHUNK)
    assert done == bound
    blocked = threading.Thread(target=put_until_error, args=(pipe,), daemon=True)
    blocked.start()
    blocked.join(0.3)
    assert blocked.is_alive()
    assert pipe._size <= bound + len(CHUNK)
    pipe._work = fail
    resume.set()
    blocked.join(60)
    assert not blocked.is_alive()
    pipe.abandon()


def put_until_error(pipe: Pipe) -> None:
    try:
        while True:
            pipe.put(CHUNK)
    except OSError:
        return


def fail(_: bytes) -> None:
    raise OSError("disk full")


def test_an_error_of_the_worker_is_raised_by_the_next_put() -> None:
    with pytest.raises(OSError, match="disk full"), piped(fail, PIECE_BYTES) as put:
        while True:
            put(CHUNK)
    assert not running_workers()


def test_an_error_with_the_last_piece_is_raised_when_the_block_ends() -> None:
    with pytest.raises(OSError, match="disk full"), piped(fail) as put:
        put(b"the only piece")


def test_an_interrupt_of_the_reader_ends_the_worker() -> None:
    with pytest.raises(KeyboardInterrupt), piped(lambda _: None) as put:
        put(CHUNK)
        raise KeyboardInterrupt
    assert not running_workers()


def test_an_interrupt_first_stops_what_the_worker_waits_for() -> None:
    stopped, waiting = threading.Event(), threading.Event()

    def work(_: bytes) -> None:
        waiting.set()
        assert stopped.wait(30)

    with pytest.raises(KeyboardInterrupt), piped(work, stop=stopped.set) as put:
        for _ in range(PIECE_BYTES // len(CHUNK)):
            put(CHUNK)
        assert waiting.wait(30)
        raise KeyboardInterrupt
    assert stopped.is_set() and not running_workers()


def running_workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "pipe"]
