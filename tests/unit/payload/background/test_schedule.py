"""The scheduler: due minutes, ticks, and one start per minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import redis
from cosmic_app.scheduling.due import expression, is_due, next_due
from cosmic_app.scheduling.overlap import first_in_minute
from cosmic_app.scheduling.tick import run_every_minute

pytestmark = pytest.mark.unit

START = datetime(2026, 2, 2, 10, 0, 57, tzinfo=UTC)


def test_a_command_is_due_at_multiples_of_its_interval() -> None:
    assert expression(1) == "* * * * *"
    assert expression(5) == "*/5 * * * *"
    assert is_due(5, START)
    assert not is_due(7, START.replace(minute=6))
    assert next_due(1, START) == datetime(2026, 2, 2, 10, 1, tzinfo=UTC)
    assert next_due(5, START) == datetime(2026, 2, 2, 10, 5, tzinfo=UTC)


class Clock:
    """A clock that advances only by waiting, and stops at `end`."""

    def __init__(self, end: datetime) -> None:
        self.now = START
        self._end = end

    def wait(self, seconds: float = 0) -> bool:
        self.now += timedelta(seconds=seconds)
        return self.now >= self._end


def test_the_first_tick_is_immediate_and_the_others_on_the_minute() -> None:
    clock = Clock(START + timedelta(minutes=3))
    ticks: list[datetime] = []
    heartbeats: list[datetime] = []
    run_every_minute(
        ticks.append, lambda: clock.now, clock.wait, lambda: heartbeats.append(clock.now)
    )
    assert [tick.strftime("%H:%M:%S") for tick in ticks] == [
        "10:00:57",
        "10:01:00",
        "10:02:00",
        "10:03:00",
    ]
    gaps = [later - earlier for earlier, later in pairwise(heartbeats)]
    assert max(gaps) <= timedelta(seconds=5)


class FakeRedis(dict[str, str]):
    """The part of Redis that `SET … NX` needs."""

    def set(self, key: str, value: str, *, nx: bool, ex: int) -> bool | None:
        assert nx and ex > 60
        return None if key in self else self.setdefault(key, value) == value


class UnavailableRedis:
    def set(self, *_: object, **__: object) -> None:
        raise redis.ConnectionError("gone")


def test_a_command_starts_once_per_minute() -> None:
    keys = FakeRedis()
    later = START.replace(second=59)
    started = [first_in_minute(keys, "monitor", moment) for moment in (START, later)]
    assert started == [True, False]
    assert first_in_minute(keys, "other", START)
    assert first_in_minute(keys, "monitor", START + timedelta(minutes=1))
    assert first_in_minute(keys, "monitor", START + timedelta(days=1))


def test_without_redis_a_command_starts_twice_rather_than_never() -> None:
    assert first_in_minute(UnavailableRedis(), "monitor", START)
