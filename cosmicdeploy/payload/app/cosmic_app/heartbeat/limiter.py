"""Limit the heartbeats per device and time window; Redis counts them for all replicas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cosmic_app.cache import CACHE_PREFIX, Breaker
from cosmic_app.features import RATE_LIMIT, Switches
from cosmic_app.heartbeat.model import Allowance
from cosmic_app.settings import LimiterSettings

if TYPE_CHECKING:
    import redis

# The window starts with the device's first beat. Refused beats do not count. The script checks and
# counts atomically, so that two replicas cannot both allow the last beat.
SCRIPT = """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
if used >= limit then
    return {0, 0, redis.call('PTTL', KEYS[1])}
end
used = redis.call('INCR', KEYS[1])
if used == 1 then
    redis.call('PEXPIRE', KEYS[1], window)
end
return {1, limit - used, redis.call('PTTL', KEYS[1])}
"""


class Limiter:
    """Checks the rate limit for a batch of beats, with one call to Redis.

    Allows all beats while Redis is unavailable or the feature `rate-limit` is off.
    """

    def __init__(self, settings: LimiterSettings, breaker: Breaker, switches: Switches) -> None:
        self._settings = settings
        self._breaker = breaker
        self._switches = switches

    def check(self, device_ids: Sequence[int]) -> list[Allowance]:
        """Return one allowance per id, in the same order; an id may occur more than once."""
        if not device_ids:
            return []
        answers = None
        if self._switches.enabled(RATE_LIMIT):
            answers = self._breaker.attempt(lambda client: self._query(client, device_ids))
        if answers is None:
            return [self._unlimited()] * len(device_ids)
        return [to_allowance(answer, self._settings.limit) for answer in answers]

    def _query(self, client: redis.Redis, device_ids: Sequence[int]) -> list[list[int]]:
        pipeline = client.pipeline(transaction=False)
        for device_id in device_ids:
            key = f"{CACHE_PREFIX}limiter:{device_id}"
            pipeline.eval(SCRIPT, 1, key, self._settings.limit, self._settings.window * 1000)
        return pipeline.execute()

    def _unlimited(self) -> Allowance:
        limit = self._settings.limit
        return Allowance(allowed=True, limit=limit, remaining=limit, reset=0)


def to_allowance(answer: Sequence[int], limit: int) -> Allowance:
    """Convert the script's answer: allowed (0 or 1), remaining, milliseconds to the window's end.

    `reset` is rounded up, so that a device that waits this long is in the next window.
    """
    allowed, remaining, milliseconds = answer
    return Allowance(
        allowed=bool(allowed),
        limit=limit,
        remaining=max(0, remaining),
        reset=max(1, math.ceil(milliseconds / 1000)),
    )
