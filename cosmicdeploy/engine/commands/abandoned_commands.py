"""Commands in containers that nobody waits for any more."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal

from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import CosmicError

Signal = Literal["TERM", "HUP"]
JOB_VARIABLE = "COSMICDEPLOY_JOB"
# A client that goes away leaves its command running, and a dump with it its snapshot: so a command
# that we give up is found by its environment and ended, as are those of a process that was killed.
END_JOB = """
for process in /proc/[0-9]*; do
  tr '\\0' '\\n' 2>/dev/null <"$process/environ" | grep -qxF "$1" || continue
  kill -s "$2" "${process#/proc/}"
done
exit 0
"""


def terminate_marked(mark: str, signal: Signal = "TERM") -> list[str]:
    """A command line that ends whatever has `mark` (NAME=value) in its environment, in the same
    container and of the same user. A shell in a terminal heeds HUP only."""
    return ["sh", "-c", END_JOB, "sh", mark, signal]


@contextmanager
def terminated_on_error(
    engine: Engine, container_id: str, user: str = "", signal: Signal = "TERM"
) -> Iterator[Mapping[str, str]]:
    """A mark for the environment of one command that this user runs in this block: where the block
    raises, the command gets `signal`."""
    job = secrets.token_hex(8)
    try:
        yield {JOB_VARIABLE: job}
    except BaseException:
        with suppress(CosmicError):  # the container or the engine is gone, and the command too
            engine.exec_as(user, container_id, terminate_marked(f"{JOB_VARIABLE}={job}", signal))
        raise
