"""Poll: look again and again until the result is good enough or the time is over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def poll(
    look: Callable[[], Result],
    *,
    until: Callable[[Result], object],
    every: float | Callable[[], float],
    within: float = math.inf,
    attempts: float = math.inf,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Call `look` until `until` accepts its result; return the last result, accepted or not.

    Gives up after `within` seconds, with a last look at that moment, or after so many `attempts`;
    looks at least once. `every` is the pause between two looks, in seconds. `sleep=ctx.sleep` makes
    each pause a safe point. Exceptions of `look` end the polling.
    """
    deadline, looks = time.monotonic() + within, 1
    while not until(result := look()) and looks < attempts:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        sleep(min(left, every() if callable(every) else every))
        looks += 1
    return result
