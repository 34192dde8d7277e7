"""The rate limit of heartbeats, with and without Redis."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
from cosmic_app.cache import Breaker
from cosmic_app.features import RATE_LIMIT, Switches
from cosmic_app.heartbeat.limiter import Limiter, to_allowance
from cosmic_app.heartbeat.model import Allowance
from cosmic_app.settings import LimiterSettings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ([1, 9, 60000], Allowance(allowed=True, limit=10, remaining=9, reset=60)),
        ([1, 0, 1001], Allowance(allowed=True, limit=10, remaining=0, reset=2)),
        ([0, 0, 1], Allowance(allowed=False, limit=10, remaining=0, reset=1)),
        ([0, 0, -1], Allowance(allowed=False, limit=10, remaining=0, reset=1)),
    ],
)
def test_the_seconds_until_the_reset_are_rounded_up(reply: list[int], expected: Allowance) -> None:
    assert to_allowance(reply, 10) == expected


def test_without_redis_every_beat_is_allowed_and_redis_is_skipped_for_a_while(
    tmp_path: Path,
) -> None:
    client = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=None)
    breaker = Breaker(client, pause=60)
    limiter = Limiter(LimiterSettings(limit=3, window=60), breaker, Switches(tmp_path))

    assert [allowance.allowed for allowance in limiter.check([1, 1, 1, 1, 2])] == [True] * 5
    calls: list[redis.Redis] = []
    assert breaker.attempt(calls.append) is None
    assert calls == []


class ExhaustedRedis:
    """A Redis in which every device has used up its limit."""

    def pipeline(self, *, transaction: bool) -> ExhaustedRedis:
        return self

    def eval(self, *_: object) -> None:
        pass

    def execute(self) -> list[list[int]]:
        return [[0, 0, 1000]]


def test_the_limit_applies_only_while_it_is_switched_on(
    tmp_path: Path,
) -> None:
    switches = Switches(tmp_path)
    settings = LimiterSettings(limit=3, window=60)
    limiter = Limiter(settings, Breaker(ExhaustedRedis()), switches)  # type: ignore[arg-type]
    allowed = [limiter.check([1])[0].allowed]
    switches.disable(RATE_LIMIT, "me")
    allowed += [limiter.check([1])[0].allowed]
    switches.enable(RATE_LIMIT)
    assert [*allowed, limiter.check([1])[0].allowed] == [False, True, False]
