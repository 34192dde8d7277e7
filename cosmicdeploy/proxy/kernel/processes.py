"""List the processes of a container."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.proxy.kernel import proc

# Indexes of fields in /proc/PID/stat, counted from the field after the program's name (proc(5)).
PARENT, STARTED = 1, 19


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process of a container.

    `parent` is a process id. `started` is in clock ticks since the host's boot, so that processes
    of different containers can be compared.
    """

    pid: int
    name: str
    parent: int
    started: int


def processes(ctx: Context, container: Container) -> list[Process]:
    """Return all processes of a container; empty if they cannot be read.

    Raises `EngineError` if the container does not run.
    """
    text = proc.read(ctx, container, "[0-9]*/stat").text
    return [_process(line) for line in text.splitlines() if ") " in line]


def _process(line: str) -> Process:
    # The program's name is in parentheses, and may itself contain parentheses and spaces.
    front, _, rest = line.rpartition(") ")
    pid, _, name = front.partition(" (")
    fields = rest.split()
    return Process(
        pid=int(pid), name=name, parent=int(fields[PARENT]), started=int(fields[STARTED])
    )
