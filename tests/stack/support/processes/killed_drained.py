"""Run the command line and kill it while a replica is drained, before that replica stops.

Run as `python -m tests.stack.support.processes.killed_drained N COMMAND …`. The process kills
itself with SIGKILL once it has taken the N-th batch of replicas out of the proxy's service.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from cosmicdeploy.cli.app import app
from cosmicdeploy.steps.rollout.replacement.proxy_control import ProxyControl
from cosmicdeploy.steps.rollout.replacement.target import Target


def die_drained(batch: int) -> None:
    """Kill this process once this batch of replicas is drained."""
    take_out, drained = ProxyControl.take_out_of_service, 0

    def take_out_and_die(self: ProxyControl, targets: Sequence[Target]) -> dict[str, float]:
        nonlocal drained
        graces = take_out(self, targets)
        drained += 1
        if drained == batch:
            os.kill(os.getpid(), signal.SIGKILL)
        return graces

    ProxyControl.take_out_of_service = take_out_and_die  # type: ignore[method-assign]


if __name__ == "__main__":
    die_drained(int(sys.argv[1]))
    app(args=sys.argv[2:], prog_name="cosmicdeploy")
