"""Terminate commands in containers whose client has given them up."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal

from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import CosmicError

Signal = Literal["TERM", "HUP"]
JOB_VARIABLE = "COSMICDEPLOY_JOB"
# The engine leaves a command running when its client disconnects, and a dump keeps its snapshot. So
# an abandoned command is found by a variable in its environment, even if its client was killed.
END_JOB = """
for process in /proc/[0-9]*; do
  tr '\\0' '\\n' 2>/dev/null <"$process/environ" | grep -qxF "$1" || continue
  kill -s "$2" "${process#/proc/}"
done
exit 0
"""


def terminate_marked(mark: str, signal: Signal = "TERM") -> list[str]:
    """Return a command line that signals all processes with `mark` in their environment.

    `mark` is NAME=value. It reaches processes of the same container and user. A shell in a terminal
    obeys HUP only.
    """
    return ["sh", "-c", END_JOB, "sh", mark, signal]


@contextmanager
def terminated_on_error(
    engine: Engine, container_id: str, user: str = "", signal: Signal = "TERM"
) -> Iterator[Mapping[str, str]]:
    """Yield variables for the environment of a command; if the block raises, it gets `signal`.

    `user` is the user that the command runs as.
    """
    job = secrets.token_hex(8)
    try:
        yield {JOB_VARIABLE: job}
    except BaseException:
        with suppress(
            CosmicError
        ):  # without the container or the engine the command is gone as well
            engine.exec_as(user, container_id, terminate_marked(f"{JOB_VARIABLE}={job}", signal))
        raise
