"""The command `cosmicdeploy doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def doctor(*, config: Path | None, terminal: Terminal) -> None:
    """Check what a first deploy would lose; exit 5 if anything.

    Checks this user's access to the engine, the builder, settings that a deploy refuses, disks,
    clocks, the database's privileges and settings, the destinations of backups, health checks that
    prove nothing, a proxy that would lose requests, replicas that leave a gap while they are
    replaced, rate limits on the deploy's own requests, the maintenance switch, ignored stop signals
    and secrets in images. Says for each flaw what would be lost, why, and the command or the lines
    that help. What cannot be checked is named; what costs only time is no failure.

    Works before `up` and while the stack runs. Changes nothing, except that it sends one heartbeat
    of the device in `verify.heartbeat`, as `verify` does. Tries stop signals only on containers of
    its own, which can reach nothing and are removed.

    \b
    Examples:
      cosmicdeploy doctor
      cosmicdeploy doctor --json
    """
    run_command("doctor", terminal, lambda call: _doctor(call, config))


def _doctor(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.errors import ExitCode
    from cosmicdeploy.operations.doctor.catalogue import CHECKS
    from cosmicdeploy.operations.doctor.examine import examine
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.workspace import open_for_doctor

    view = ProgressView(call.terminal.console)
    ctx = open_for_doctor(config, call.event_handler(view))
    with view:
        ctx.say(f"checking {', '.join(check.name for check in CHECKS)}")
        results = examine(ctx, CHECKS)
    fails = any(result.fails for result in results)
    return call.report(
        outcome="failed" if fails else "done",
        exit_code=int(ExitCode.CHECK_FAILED) if fails else 0,
        doctor=[result.facts() for result in results],
    )
