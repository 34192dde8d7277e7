"""Whether a container would end in order when it is told to stop, and what it is at work on.

The kernel delivers to the first process of a container only signals that it has asked for. One that
did not (a shell that starts the application without `exec`) serves on until it is killed, and its
requests in flight with it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.kernel import proc

STATUS = "1/status"
EVERY_STATUS = "[0-9]*/status"
DEFAULT = "SIGTERM"
# The exit code of a container that was killed.
KILLED = 128 + signal.SIGKILL
# A process that has ended and that nobody has asked how.
ENDED = "Z"
# First processes that pass signals on. They fetch them in a way that the kernel does not show.
INITS = ("docker-init", "tini", "dumb-init", "catatonit")

Status = Mapping[str, str]


def ignores_stop(ctx: Context, service: str) -> bool:
    """Whether process 1 of the service's container does not catch its stop signal; of an init that
    passes signals on, a process that it started.

    Who only ever waits for signals (`sigtimedwait`) seems to ignore them: the kernel does not show
    it. Taking such a replica out first costs time and no request. PHP's command line seems to heed
    them: it catches them all, and then lets the kernel do what it would have done. Raises
    `EngineError` where the container does not run or cannot be asked.
    """
    container = ctx.running(service)
    wanted = number(ctx.service(service).stop_signal or container.stop_signal or DEFAULT)
    return not all(_catches(status, wanted) for status in _told(ctx, container))


def jobs_in(ctx: Context, container: Container) -> int:
    """How many processes a container's first one has started that run still; behind an init, those
    that its own ones have. What was run in the container from outside is not counted.
    """
    found = list(_statuses(proc.read(ctx, container, EVERY_STATUS).text))
    firsts = {"1"}
    if any(status["Pid"] == "1" and status["Name"] in INITS for status in found):
        firsts = {status["Pid"] for status in found if status["PPid"] == "1"}
    alive = [status for status in found if not status["State"].startswith(ENDED)]
    return sum(status["PPid"] in firsts for status in alive)


def number(name: str) -> int:
    """A signal by name or number, with or without SIG, `RTMIN+n` too; raises `EngineError`."""
    base, _, more = name.upper().removeprefix("SIG").partition("+")
    try:
        return (int(base) if base.isdigit() else signal.Signals[f"SIG{base}"]) + int(more or 0)
    except (KeyError, ValueError):
        raise EngineError(
            f"There is no signal {name!r}", todo="correct `stop_signal` in the compose file"
        ) from None


def _told(ctx: Context, container: Container) -> list[Status]:
    """The processes that the stop signal comes to."""
    result = proc.read(ctx, container, STATUS)
    first = next(_statuses(result.text), {})
    if "SigCgt" not in first:
        raise EngineError(
            "It cannot be seen which signals a container's first process takes",
            where=f"{container.name}: {proc.PROC / STATUS}",
            todo="let its image have the program `cat`",
            details=result.error_text.splitlines(),
        )
    if first["Name"] not in INITS:
        return [first]
    every = proc.read(ctx, container, EVERY_STATUS).text
    return [status for status in _statuses(every) if status["PPid"] == "1"]


def _catches(status: Status, wanted: int) -> bool:
    # Who blocks a signal fetches it when it suits them.
    noticed = int(status["SigCgt"], 16) | int(status["SigBlk"], 16)
    return bool(noticed >> (wanted - 1) & 1)


def _statuses(text: str) -> Iterator[Status]:
    """Each process's lines; the first of them is its name."""
    for block in text.split("Name:")[1:]:
        pairs = (line.partition(":") for line in f"Name:{block}".splitlines())
        yield {key: value.strip() for key, _, value in pairs}
