"""What `deploy`, `up` and `step` share: run a playbook of the stack, or plan it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cosmicdeploy.cli.edge import Call
from cosmicdeploy.journal.run_kind import RunCommand, RunKind

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


def run_stack_playbook(
    call: Call,
    config: Path | None,
    name: str,
    kind: RunKind,
    wait: float,
    *,
    only: str = "",
    plan: bool = False,
    resume: bool = False,
    allowed: frozenset[str] = frozenset(),
) -> Report:
    """Run the stack's playbook `name`, or plan it, and return the report.

    `kind` is the kind of the run, `wait` how long to wait for the lock, in seconds. With `only`, a
    single step runs: the one with that name. `allowed` are migrations that run although they may
    destroy data.
    """
    from cosmicdeploy.cli.reporting import plan_report, run_report, with_notices
    from cosmicdeploy.operations.notices import show_notices
    from cosmicdeploy.operations.recorder import recorder_of
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.runs.execute import execute, plan_only
    from cosmicdeploy.runs.interrupted import require_deploy
    from cosmicdeploy.workspace import open_playbook, open_stack

    with ProgressView(call.terminal.console) as view:
        ctx = open_stack(config, call.event_handler(view)).with_run(allowed_migrations=allowed)
        playbook = open_playbook(ctx.loaded, name, ctx.warn)
        steps = (playbook.alone(only),) if only else playbook.steps
        if resume:
            require_deploy(ctx)
        notices = show_notices(ctx)
        if plan:
            planned = plan_only(ctx, kind, steps)
            return with_notices(plan_report(call, planned, ctx), notices)
        command = RunCommand(line=f"step {only}" if only else call.command, kind=kind)
        run, traffic = execute(ctx, command, steps, wait, recorder_of(kind))
        return with_notices(run_report(call, run, traffic), notices)
