"""Run a playbook of the stack, or plan it, for `deploy`, `up` and `step`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cosmicdeploy.cli.edge.edge import Call
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.step_kinds import ORPHANS

if TYPE_CHECKING:
    from cosmicdeploy.context.context import Context
    from cosmicdeploy.playbook import Playbook
    from cosmicdeploy.report.model import Report


def _including(
    call: Call, ctx: Context, playbook: Playbook, words: Sequence[str], *, is_asked: bool
) -> Context:
    """Return the context of a run that may also replace the infrastructure that `words` name.

    `words` are the values of `--include`. If `is_asked`, the operator is asked before the run
    replaces a service with data that no backup contains. Raises `UsageError` for a word that names
    no such infrastructure, or if the playbook has no backup step before it replaces the database.
    Raises `Declined` if the answer is no.
    """
    if not words:
        return ctx
    from cosmicdeploy.operations.inclusion import (
        included_services,
        require_backup_first,
        without_backup,
    )

    included = included_services(ctx, words)
    require_backup_first(ctx, playbook, included)
    ctx = ctx.with_run(included=included)
    if is_asked and (names := ", ".join(without_backup(ctx, included))):
        call.terminal.require_yes(f"Replace {names}? No backup contains the data kept there")
    return ctx


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
    remove_orphans: bool = False,
    include: Sequence[str] = (),
) -> Report:
    """Run the stack's playbook `name`, or with `plan` only plan it, and return the report.

    `kind` is the kind of the run, `wait` how many seconds to wait if another run holds the lock.
    `only` names a single step to run. A deploy resumes an interrupted one in any case; with
    `resume`, raises `UsageError` if there is none. `allowed` are migrations that run although they
    may destroy data. `include` names infrastructure that is replaced too. `remove_orphans` removes
    containers that no service declares; raises `UsageError` if the playbook has no step for that.
    """
    from cosmicdeploy.cli.page import with_page
    from cosmicdeploy.cli.reporting import plan_report, run_report, with_notices
    from cosmicdeploy.operations.notices import show_notices
    from cosmicdeploy.operations.recorder import recorder_of
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.runs.execute import execute, plan_only
    from cosmicdeploy.runs.interrupted.interrupted import require_deploy
    from cosmicdeploy.workspace import open_playbook, open_stack

    view = ProgressView(call.terminal.console)
    ctx = open_stack(config, call.event_handler(view))
    ctx = ctx.with_run(allowed_migrations=allowed, remove_orphans=remove_orphans)
    playbook = open_playbook(ctx.loaded, name, ctx.warn)
    steps = (playbook.alone(only),) if only else playbook.steps
    if remove_orphans:
        playbook.require_kind(ORPHANS, "--remove-orphans")
    if resume:
        require_deploy(ctx)
    ctx = _including(call, ctx, playbook, include, is_asked=not plan)
    with view:
        notices = show_notices(ctx)
        if plan:
            planned = plan_only(ctx, kind, steps)
            return with_notices(plan_report(call, planned, ctx), notices)
        command = RunCommand(line=f"step {only}" if only else call.command, kind=kind)
        run, traffic = execute(ctx, command, steps, wait, recorder_of(kind))
        report = with_notices(run_report(call, run, traffic), notices)
        return with_page(call, run.ctx, report) if kind.places_release else report
