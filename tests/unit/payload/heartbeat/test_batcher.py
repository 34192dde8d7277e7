"""The batcher writes many heartbeats at once, and refuses them if it cannot keep up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest
from cosmic_app.heartbeat.batcher import Batcher
from cosmic_app.heartbeat.model import Beat, Outcome, Unauthorized, Unavailable
from cosmic_app.settings import BatchSettings

pytestmark = pytest.mark.unit

SETTINGS = BatchSettings(size=4, linger=0.01, queue_size=4)


def beat(number: int = 0) -> Beat:
    return Beat(token_hash=str(number), body=b"")


async def answers() -> bool:
    """Say that the database is not away."""
    return False


def test_beats_are_written_in_batches_and_each_gets_its_own_outcome() -> None:
    batches: list[int] = []

    def write(beats: Sequence[Beat]) -> list[Outcome]:
        batches.append(len(beats))
        return [Unavailable(item.token_hash) for item in beats[:-1]] + [Unauthorized()]

    async def run() -> list[Outcome]:
        batcher = Batcher(SETTINGS, write, answers)
        outcomes = await asyncio.gather(*(batcher.submit(beat(number)) for number in range(4)))
        await batcher.close()
        return outcomes

    outcomes = asyncio.run(run())
    assert outcomes == [Unavailable("0"), Unavailable("1"), Unavailable("2"), Unauthorized()]
    assert max(batches) > 1


def test_a_full_queue_refuses_a_beat_at_once_and_close_writes_the_queued_beats() -> None:
    release = threading.Event()
    writing = threading.Event()

    def write(beats: Sequence[Beat]) -> list[Outcome]:
        writing.set()
        assert release.wait(5)
        return [Unauthorized() for _ in beats]

    async def run() -> tuple[Outcome, list[Outcome]]:
        batcher = Batcher(SETTINGS, write, answers)
        first = asyncio.create_task(batcher.submit(beat()))
        await asyncio.to_thread(writing.wait, 5)
        queued = [asyncio.create_task(batcher.submit(beat())) for _ in range(4)]
        await asyncio.sleep(0)
        refused = await batcher.submit(beat())
        release.set()
        await batcher.close()
        return refused, await asyncio.gather(first, *queued)

    refused, written = asyncio.run(run())
    assert refused == Unavailable("Too many beats are waiting.")
    assert written == [Unauthorized()] * 5


def test_the_writing_thread_survives_an_error() -> None:
    def write(beats: Sequence[Beat]) -> list[Outcome]:
        if beats[0].token_hash == "0":
            raise RuntimeError("boom")
        return [Unauthorized()]

    async def run() -> list[Outcome]:
        batcher = Batcher(SETTINGS, write, answers)
        outcomes = [await batcher.submit(beat(0)), await batcher.submit(beat(1))]
        await batcher.close()
        return outcomes

    assert asyncio.run(run()) == [Unavailable("The beat could not be written."), Unauthorized()]


def test_queued_beats_are_refused_at_once_during_an_outage() -> None:
    release = threading.Event()
    writing = threading.Event()
    calls: list[int] = []

    def write(beats: Sequence[Beat]) -> list[Outcome]:
        calls.append(len(beats))
        writing.set()
        assert release.wait(5)
        return [Unavailable("gone")] * len(beats)

    async def run() -> list[Outcome]:
        batcher = Batcher(SETTINGS, write, answers)
        first = asyncio.create_task(batcher.submit(beat()))
        await asyncio.to_thread(writing.wait, 5)
        queued = [asyncio.create_task(batcher.submit(beat())) for _ in range(3)]
        await asyncio.sleep(0)
        release.set()
        outcomes = await asyncio.gather(first, *queued)
        await batcher.close()
        return outcomes

    assert asyncio.run(run()) == [Unavailable("gone")] * 4
    assert calls == [1]


def test_a_beat_is_refused_within_a_second_while_the_database_is_away() -> None:
    """A paused server accepts the statement and does not answer: the thread waits for seconds."""
    release, written = threading.Event(), list[str]()
    away = True

    def write(beats: Sequence[Beat]) -> list[Outcome]:
        assert release.wait(5)
        written.extend(item.token_hash for item in beats)
        return [Unauthorized() for _ in beats]

    async def is_away() -> bool:
        return away

    async def run() -> tuple[list[Outcome], float, Outcome]:
        nonlocal away
        batcher = Batcher(SETTINGS, write, is_away)
        start = asyncio.get_running_loop().time()
        first = asyncio.create_task(batcher.submit(beat(0)))
        await asyncio.sleep(0.05)  # the thread writes it
        refused = await asyncio.gather(first, batcher.submit(beat(1)))
        seconds = asyncio.get_running_loop().time() - start
        away = False
        release.set()
        later = await batcher.submit(beat(2))
        await batcher.close()
        return refused, seconds, later

    refused, seconds, later = asyncio.run(run())
    assert refused == [Unavailable("The database is not reachable.")] * 2
    assert seconds < 0.9
    assert later == Unauthorized()
    assert written == ["0", "2"], "a beat that was refused while it was queued is written later"


def test_a_beat_waits_while_the_database_answers() -> None:
    """A lock or a migration may delay a write; the database answers all the same."""

    def write(beats: Sequence[Beat]) -> list[Outcome]:
        time.sleep(0.7)
        return [Unauthorized() for _ in beats]

    async def run() -> Outcome:
        batcher = Batcher(SETTINGS, write, answers)
        outcome = await batcher.submit(beat())
        await batcher.close()
        return outcome

    assert asyncio.run(run()) == Unauthorized()
