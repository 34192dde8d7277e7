"""Only a full queue blocks the reader of a stream, and errors of the worker reach it."""

import threading

import pytest

from cosmicdeploy.database.dump.pipe import PIECE_BYTES, Pipe, piped

pytestmark = pytest.mark.unit

CHUNK = bytes(65536)


def test_everything_arrives_in_order() -> None:
    seen: list[bytes] = []
    with piped(seen.append) as put:
        for number in range(100_000):
            put(b"%d," % number)
    assert b"".join(seen) == b"".join(b"%d," % number for number in range(100_000))


def test_a_stalled_worker_blocks_the_reader_only_at_the_bound() -> None:
    """In an endless stream the queue never grows beyond the bound and one chunk."""
    go_on, bound = threading.Event(), 4 * PIECE_BYTES
    pipe = Pipe(lambda _: go_on.wait(), bound)
    done = 0
    for _ in range(bound // len(CHUNK)):  # would wait for ever if the worker blocked it
        pipe.put(CHUNK)
        done += len(CHUNK)
    assert done == bound
    blocked = threading.Thread(target=endless, args=(pipe,), daemon=True)
    blocked.start()
    blocked.join(0.3)
    assert blocked.is_alive()
    assert pipe._size <= bound + len(CHUNK)
    pipe._work = fail
    go_on.set()
    blocked.join(60)
    assert not blocked.is_alive()
    pipe.abandon()


def endless(pipe: Pipe) -> None:
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
    assert not lanes_alive()


def test_an_error_with_the_last_piece_is_raised_at_the_end() -> None:
    with pytest.raises(OSError, match="disk full"), piped(fail) as put:
        put(b"the only piece")


def test_an_interrupt_of_the_reader_ends_the_worker() -> None:
    with pytest.raises(KeyboardInterrupt), piped(lambda _: None) as put:
        put(CHUNK)
        raise KeyboardInterrupt
    assert not lanes_alive()


def lanes_alive() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "pipe"]
