"""Terminate a command in a container when its client abandons it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal

from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import CosmicError

Signal = Literal["TERM", "HUP"]
JOB_VARIABLE = "COSMICDEPLOY_JOB"
# The engine does not end a command when its client disconnects: an abandoned dump would keep its
# snapshot open. A variable in its environment identifies the command, even after its client died.
SIGNAL_SCRIPT = """
for process in /proc/[0-9]*; do
  tr '\\0' '\\n' 2>/dev/null <"$process/environ" | grep -qxF "$1" || continue
  kill -s "$2" "${process#/proc/}"
done
exit 0
"""


def signal_marked(mark: str, signal: Signal = "TERM") -> list[str]:
    """Return a command line that signals all processes with `mark` in their environment.

    `mark` is NAME=value. Run the command line in the container of the processes, and as their user.
    A shell in a terminal ignores TERM and obeys HUP.
    """
    return ["sh", "-c", SIGNAL_SCRIPT, "sh", mark, signal]


@contextmanager
def terminated_on_error(
    engine: Engine, container_id: str, user: str = "", signal: Signal = "TERM"
) -> Iterator[Mapping[str, str]]:
    """Yield variables for a command's environment; if the block raises, signal the command.

    `user` is the user that the command runs as.
    """
    job = secrets.token_hex(8)
    try:
        yield {JOB_VARIABLE: job}
    except BaseException:
        # If the container or the engine is gone, the command is gone as well.
        with suppress(CosmicError):
            engine.exec_as(user, container_id, signal_marked(f"{JOB_VARIABLE}={job}", signal))
        raise
