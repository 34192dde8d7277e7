"""Run the command line and kill it while a replica is drained, or before a candidate is in place.

Run as `python -m tests.stack.support.processes.killed_drained PLACE COMMAND …`. The process kills
itself with SIGKILL once it has taken the N-th batch of replicas out of the proxy's service, if
PLACE is the number N, or before it gives the first candidates their names, if PLACE is `promote`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from unittest.mock import patch

from cosmicdeploy.cli.app import app
from cosmicdeploy.steps.rollout.replacement import executor
from cosmicdeploy.steps.rollout.replacement.proxy_control import ProxyControl
from cosmicdeploy.steps.rollout.replacement.target import Target


def die(*_: object, **__: object) -> None:
    """Kill this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_drained(batch: int) -> None:
    """Kill this process once this batch of replicas is drained."""
    take_out, drained = ProxyControl.take_out_of_service, 0

    def take_out_and_die(self: ProxyControl, targets: Sequence[Target]) -> dict[str, float]:
        nonlocal drained
        graces = take_out(self, targets)
        drained += 1
        if drained == batch:
            die()
        return graces

    ProxyControl.take_out_of_service = take_out_and_die  # type: ignore[method-assign]


if __name__ == "__main__":
    if sys.argv[1] == "promote":
        patch.object(executor, "promote", die).start()
    else:
        die_drained(int(sys.argv[1]))
    app(args=sys.argv[2:], prog_name="cosmicdeploy")
