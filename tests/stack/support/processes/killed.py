"""Run the command line and kill it after a journal record.

Run as `python -m tests.stack.support.processes.killed N COMMAND …`. The process kills itself
with SIGKILL as soon as the N-th record of its run is on disk, or the first of a kind
(`done:rollout`).
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from cosmicdeploy.cli.app import app
from cosmicdeploy.journal.journal import Journal


def die_after(which: str) -> None:
    """Kill this process after this journal record of its run: its number, or KIND:STEP_KIND."""
    append, written = Journal.append, 0

    def append_and_die(self: Journal, kind: str, **facts: Any) -> None:
        nonlocal written
        append(self, kind, **facts)
        written += 1
        if which in (str(written), f"{kind}:{facts.get('step_kind')}"):
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.append = append_and_die  # type: ignore[method-assign]


if __name__ == "__main__":
    die_after(sys.argv[1])
    app(args=sys.argv[2:], prog_name="cosmicdeploy")
