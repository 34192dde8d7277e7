"""Find out whether a container handles its stop signal, and how many jobs run in it.

The kernel delivers to the first process of a container only the signals for which this process has
a handler. A first process without a handler, such as a shell that starts the application without
`exec`, runs on until it is killed. The requests in flight are then lost.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.stack.model import Service

STATUS = "1/status"
COMMAND_LINE = "1/cmdline"
EVERY_STATUS = "[0-9]*/status"
DEFAULT = "SIGTERM"
# If a signal has ended a container, its exit code is this plus the signal's number.
BY_SIGNAL = 128
# The exit code of a container that was killed.
KILLED = BY_SIGNAL + signal.SIGKILL
# The state of a process that has ended and whose parent has not read its exit code.
ENDED = "Z"
# First processes that pass signals on to their child processes. The status file of an init does not
# show that it does so.
INITS = ("docker-init", "tini", "dumb-init", "catatonit")

Status = Mapping[str, str]


def ignores_stop_signal(ctx: Context, service: Service, container: Container) -> bool:
    """Return whether the first process of a service's container ignores the stop signal.

    If the first process is an init that passes signals on, its child processes are examined
    instead. Raises `EngineError` if the processes cannot be read, or if the service's stop signal
    does not exist.

    Two kinds of processes are misjudged. A process that waits for signals (`sigtimedwait`) seems to
    ignore them: its replica is drained without need, which costs time but no request. PHP's
    command-line program seems to handle them, but its handler only repeats the kernel's default.
    """
    declared = service.stop_signal or container.stop_signal or DEFAULT
    number = signal_number(declared)
    return not all(_handles(status, number) for status in _signalled(ctx, container))


def first_command_line(ctx: Context, container: Container) -> tuple[str, ...]:
    """Return the command line of the container's first process; empty if it is unknown.

    The command line of a script begins with the shell that runs the script. Raises `EngineError`
    if the container does not run.
    """
    words = proc.read(ctx, container, COMMAND_LINE).text.split("\0")
    return tuple(words[:-1])


def running_jobs(ctx: Context, container: Container) -> int:
    """Return how many child processes of the container's first process run.

    If the first process is an init, its grandchildren count instead. A command that was started
    from outside, as by `docker exec`, does not count. Raises `EngineError` if the container does
    not run.
    """
    statuses = list(_statuses(proc.read(ctx, container, EVERY_STATUS).text))
    parents = {"1"}
    if any(status["Pid"] == "1" and status["Name"] in INITS for status in statuses):
        parents = {status["Pid"] for status in statuses if status["PPid"] == "1"}
    alive = [status for status in statuses if not status["State"].startswith(ENDED)]
    return sum(status["PPid"] in parents for status in alive)


def signal_number(name: str) -> int:
    """Return the number of a signal such as `SIGTERM`, `term`, `15` or `RTMIN+3`.

    Raises `EngineError` if there is no such signal.
    """
    base, _, more = name.upper().removeprefix("SIG").partition("+")
    try:
        return (int(base) if base.isdigit() else signal.Signals[f"SIG{base}"]) + int(more or 0)
    except (KeyError, ValueError):
        raise EngineError(
            f"There is no signal {name!r}", todo="correct `stop_signal` in the compose file"
        ) from None


def _signalled(ctx: Context, container: Container) -> list[Status]:
    """Return the processes that the stop signal reaches."""
    result = proc.read(ctx, container, STATUS)
    first = next(_statuses(result.text), {})
    if "SigCgt" not in first:
        raise EngineError(
            "Cannot read which signals a container's first process handles",
            where=f"{container.name}: {proc.PROC / STATUS}",
            todo="add the program `cat` to its image",
            details=result.error_text.splitlines(),
        )
    if first["Name"] not in INITS:
        return [first]
    every = proc.read(ctx, container, EVERY_STATUS).text
    return [status for status in _statuses(every) if status["PPid"] == "1"]


def _handles(status: Status, number: int) -> bool:
    # A blocked signal is not lost: the process receives it later.
    handled = int(status["SigCgt"], 16) | int(status["SigBlk"], 16)
    return bool(handled >> (number - 1) & 1)


def _statuses(text: str) -> Iterator[Status]:
    """Yield the fields of each process; in a status file, `Name` is the first field."""
    for block in text.split("Name:")[1:]:
        pairs = (line.partition(":") for line in f"Name:{block}".splitlines())
        yield {key: value.strip() for key, _, value in pairs}
