"""The ways on from an interrupted run: the commands that finish, undo or accept the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import (
    MIGRATE,
    QUIESCE,
    RESTART_IN_PLACE,
    RESTORE,
    ROLLOUT,
    SERVICES,
    STATIC_FILES,
)
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun, first_backup, intents
from cosmicdeploy.runs.failing_before import services_without_undo
from cosmicdeploy.runs.undo.undo import applied_by
from cosmicdeploy.steps.containers.maintenance.maintenance import is_maintenance_on
from cosmicdeploy.steps.containers.orphan_containers import gone_orphans

# Kinds of steps whose undo needs the service of each container to be declared.
CHANGING_CONTAINERS = (ROLLOUT, QUIESCE, RESTART_IN_PLACE, SERVICES)
ABORT = "`cosmicdeploy deploy --abort`"


def ways_on(ctx: Context, run: InterruptedRun) -> str:
    """Return a sentence with the commands that finish, undo or accept an interrupted run.

    Names only commands that can work now, as far as the containers, the compose file and the
    journal show. Acceptance is named if nothing else is left, or if an undo has failed before.
    """
    if not run.kind.places_release and not run.lost_records:
        return f"run `cosmicdeploy {run.command}` again"
    obstacles = list(_obstacles(ctx, run))
    if intents([run], RESTORE):
        return _after_restore(ctx, run)
    if obstacles:
        return _without_undo(run, obstacles)
    if run.undo_failed:
        return _after_failed_undo(run)
    return _rollback_todo(run) if run.target else _deploy_todo(run)


def _obstacles(ctx: Context, run: InterruptedRun) -> Iterator[str]:
    """Yield the reasons why an undo of the run cannot succeed."""
    if gone := services_without_undo(ctx, run):
        yield f"the superseded container is gone ({', '.join(gone)})"
    if orphans := gone_orphans(ctx, run.intents):
        yield f"the container of an orphan is gone ({', '.join(orphans)})"
    if undeclared := _undeclared(ctx, run):
        yield f"the compose file no longer declares {', '.join(undeclared)}"
    if not _is_readable(run):
        yield "this version cannot read all of its steps"


def _undeclared(ctx: Context, run: InterruptedRun) -> list[str]:
    """Return the services that the run has changed and that the compose file does not declare."""
    names: set[str] = set()
    for intent in run.intents:
        if intent.kind in CHANGING_CONTAINERS:
            names |= intent.before["containers"].keys()
        elif intent.kind == STATIC_FILES:
            names |= {facts["service"] for facts in intent.before["volumes"].values()}
    return sorted(names - ctx.stack.services.keys())


def _is_readable(run: InterruptedRun) -> bool:
    try:
        applied_by([run])
    except CosmicError:
        return False
    return True


def _finish_command(run: InterruptedRun) -> str:
    """Return the command that finishes a run; "" if none does."""
    if run.failed or run.lost_records:
        return ""
    if run.target:
        return f"`cosmicdeploy {run.command} --to {run.target}`"
    return f"`cosmicdeploy {'deploy' if run.kind is RunKind.ABORT else run.command}`"


def _without_undo(run: InterruptedRun, obstacles: Sequence[str]) -> str:
    accept = f"it cannot be undone, since {'; '.join(obstacles)}: {ACCEPT}"
    finish = _finish_command(run) if _is_readable(run) else ""
    return f"{finish} finishes it; {accept}" if finish else accept


def _deploy_todo(run: InterruptedRun) -> str:
    if run.lost_records:
        return f"{ABORT} undoes what is known of it"
    if run.failed:
        return f"{ABORT} undoes it, `cosmicdeploy deploy` then deploys again"
    return f"`cosmicdeploy deploy --resume` resumes it, {ABORT} undoes it"


def _rollback_todo(run: InterruptedRun) -> str:
    if run.lost_records:  # the next deploy or rollback refuses
        return f"{ABORT} undoes what is known of it"
    if not (finish := _finish_command(run)):
        return f"{ABORT} undoes it, as does the next deploy or rollback"
    return f"{finish} resumes it, {ABORT} undoes it"


def _after_restore(ctx: Context, run: InterruptedRun) -> str:
    """Return the ways on from a run that may have swapped data.

    The undo has to swap the data back before anything else. Once clients have been let in, the new
    data stays.
    """
    with suppress(CosmicError):
        if not is_maintenance_on(ctx):
            deploy = "" if run.lost_records else "`cosmicdeploy deploy` continues from here; or "
            return f"clients have been let in since, so it is not undone: {deploy}{ACCEPT}"
    return _rollback_todo(run)


def _after_failed_undo(run: InterruptedRun) -> str:
    """Return the ways on from a run whose undo has failed before."""
    again = f"{ABORT} tries the failed undo again"
    if not intents([run], MIGRATE):
        return f"{again}; if it fails again, {ACCEPT}"
    backup = "" if run.lost_records else first_backup([run])  # a rollback would refuse
    back = f"`cosmicdeploy rollback --to {backup}` restores its backup; " if backup else ""
    return f"{again}; {back}`cosmicdeploy migrate --resolve` continues from the present schema"
