"""Terminate a command in a container when the deployer abandons the command."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal

from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import CosmicError

Signal = Literal["TERM", "HUP"]
JOB_VARIABLE = "COSMICDEPLOY_JOB"
# The engine does not stop a command when the client disconnects: an abandoned dump would keep its
# snapshot open. A variable in the command's environment identifies the command's processes, even
# after the deployer has died. The script sends the signal $2 to each process whose environment
# contains $1.
SIGNAL_SCRIPT = """
for process in /proc/[0-9]*; do
  tr '\\0' '\\n' 2>/dev/null <"$process/environ" | grep -qxF "$1" || continue
  kill -s "$2" "${process#/proc/}"
done
exit 0
"""


def signal_marked(mark: str, signal: Signal = "TERM") -> list[str]:
    """Return a command line that signals all processes with `mark` in their environment.

    `mark` is NAME=value. The command line must run in the container of the processes, as their
    user. Use HUP for a shell in a terminal, which ignores TERM.
    """
    return ["sh", "-c", SIGNAL_SCRIPT, "sh", mark, signal]


@contextmanager
def terminated_on_error(
    engine: Engine, container_id: str, user: str = "", signal: Signal = "TERM"
) -> Iterator[Mapping[str, str]]:
    """Yield a variable for a command's environment; if the block raises, signal the command.

    The error of the block is raised again; an error of the engine while signalling is ignored. The
    caller starts the command within the block, with this variable, as `user` ("" is the
    container's own user).
    """
    job = secrets.token_hex(8)
    try:
        yield {JOB_VARIABLE: job}
    except BaseException:
        # The signal cannot arrive if the container or the engine is gone.
        with suppress(CosmicError):
            engine.exec_as(user, container_id, signal_marked(f"{JOB_VARIABLE}={job}", signal))
        raise
