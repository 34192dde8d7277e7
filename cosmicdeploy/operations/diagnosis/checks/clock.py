"""The problem `clock`: the clocks of the stack and of this machine differ.

All containers share the clock of the engine's host, which may be another machine than this one, or
a virtual machine that was suspended.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import EngineError, EngineUnavailable, ProbeFailed
from cosmicdeploy.operations.diagnosis.finding import Finding, KnownProblem, ok, problem, warning
from cosmicdeploy.text.formatting import format_duration

CLOCK = "clock"
# In seconds. Clocks that are set by the network differ by milliseconds.
TOLERANCE = 5.0
# Seconds. `date` answers immediately, unless the engine's host is overloaded.
SILENCE_SECONDS = 10.0
# The server's clock, in seconds since 1970. NOW() would return the session's time, which the
# variable `timestamp` can replace.
SERVER_TIME = "SELECT UNIX_TIMESTAMP(SYSDATE(6))"
TODO = (
    "let both machines set their clocks by the network (`timedatectl set-ntp true`), then run"
    " `cosmicdeploy diagnose clock`"
)


def clock(ctx: Context) -> Iterator[Finding]:
    """Compare the clock of the database, or of a running container, with this machine's."""
    if ctx.has_database:
        name = ctx.settings.services.database or ""
        with open_session(ctx.database()) as session:
            # In a zone with summer time, an hour of each autumn would be ambiguous.
            session.execute("SET SESSION time_zone = '+00:00'")
            yield judge(name, *measure(lambda: float(session.rows(SERVER_TIME)[0][0])))
        return
    unread = []
    for name in ctx.settings.services.all:
        container = ctx.container(name)
        if container is None or not container.is_running:
            continue
        try:
            yield judge(name, *measure(partial(_time_in, ctx, container.id)))
        except EngineUnavailable:
            raise
        except (EngineError, ProbeFailed):  # many images have no `date`
            unread.append(name)
        else:
            return
    if unread:
        text = f"not compared in {', '.join(unread)}: `date` is missing there, or does not answer"
        yield warning(CLOCK, text)
    else:
        yield ok(CLOCK, "not compared: no container runs")


def measure(read: Callable[[], float]) -> tuple[float, float]:
    """Return how many seconds a clock is ahead of this machine's, and the error of that number.

    `read` returns the time of the other clock, in seconds since 1970. The error, in seconds, is
    half of the time that `read` takes.
    """
    before = time.time()
    other = read()
    after = time.time()
    return other - (before + after) / 2, (after - before) / 2


def judge(name: str, ahead: float, uncertainty: float) -> Finding:
    """Return the finding about a service's clock; `measure` returns the other two arguments."""
    if abs(ahead) - uncertainty <= TOLERANCE:
        return ok(CLOCK, f"{name} and this machine agree within {TOLERANCE:g} s")
    direction = "ahead of" if ahead > 0 else "behind"
    return problem(
        CLOCK,
        f"the clock of {name} is {format_duration(abs(ahead))} {direction} this machine's",
        TODO,
    )


def _time_in(ctx: Context, container_id: str) -> float:
    """Return the time in a container, in seconds since 1970.

    Raises `ProbeFailed` if `date` prints no time, for example because the container has no `date`.
    """
    result = ctx.engine.exec(container_id, ["date", "+%s"], silence=SILENCE_SECONDS)
    try:
        seconds = float(result.text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise ProbeFailed("The time in the container cannot be read", where=container_id)
    return seconds


PROBLEM = KnownProblem(
    name="clock",
    about="the clocks of the stack and of this machine differ",
    checks={CLOCK: clock},
)
