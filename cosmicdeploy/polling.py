"""Poll: look again and again until the result is good enough or the time is over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tenacity import RetryCallState
    from tenacity.stop import stop_base

Result = TypeVar("Result")


def poll(
    look: Callable[[], Result],
    *,
    until: Callable[[Result], object],
    every: float | Callable[[], float],
    within: float = math.inf,
    attempts: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Call `look` until `until` accepts its result; return the last result, accepted or not.

    Gives up after `within` seconds, with a last look at that moment, or after so many `attempts`;
    looks at least once. `every` is the pause between two looks, in seconds. `sleep=ctx.sleep` makes
    each pause a safe point. Exceptions of `look` end the polling.
    """
    import tenacity  # 40 ms, which commands that never poll do not pay

    def pause(state: RetryCallState) -> float:
        left = within - (state.seconds_since_start or 0.0)
        return max(0.0, min(left, every() if callable(every) else every))

    stop: stop_base = tenacity.stop_after_delay(within)
    if attempts is not None:
        stop = tenacity.stop_any(stop, tenacity.stop_after_attempt(attempts))
    polling = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda result: not until(result)),
        wait=pause,
        stop=stop,
        sleep=sleep,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    return polling(look)
