"""Poll: repeat a query until its result is accepted or the time is up."""

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
    query: Callable[[], Result],
    *,
    until: Callable[[Result], object],
    every: float | Callable[[], float],
    within: float = math.inf,
    attempts: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Call `query` until `until` accepts its result; return the last result, accepted or not.

    Calls `query` at least once. Gives up after `within` seconds, with a last call at that moment,
    or after `attempts` calls. `every` is the pause between two calls in seconds, or returns the
    next pause. If `sleep` is `Context.sleep`, a signal ends the pause. An exception of `query` ends
    the polling and is raised.
    """
    import tenacity  # takes 40 ms, which commands that never poll save

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
    return polling(query)
