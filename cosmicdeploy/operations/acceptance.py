"""`deploy --abort --accept`: accept the containers that run now as the state of the stack.

Acceptance closes interrupted runs that can be neither finished nor undone, because the containers
that the undo needs are gone. That happens if the operator uses Compose or Docker after a deploy was
killed. Acceptance starts, stops and replaces no service, and changes no live data. It only removes
or reverts what the interrupted runs left behind. If the database has replaced data that no record
explains, the data is kept in a schema of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.restore.restore import drop_shadow
from cosmicdeploy.database.schema.schemas import replaced_name
from cosmicdeploy.database.swap.interrupted import is_swap_interrupted
from cosmicdeploy.database.swap.swap import set_replaced_data_aside
from cosmicdeploy.engine.containers.in_place import of_service
from cosmicdeploy.errors import NeedsPerson, Refused, UsageError
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun, backups_of, intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.operations.status import status
from cosmicdeploy.proxy import out_of_service, put_in_service
from cosmicdeploy.runs.execute import record_release
from cosmicdeploy.runs.interrupted import interrupted
from cosmicdeploy.runs.locked_run import begin
from cosmicdeploy.runs.summary.summary import record_outcome
from cosmicdeploy.steps.backups.load import LoadStep
from cosmicdeploy.steps.backups.restore import RestoreStep
from cosmicdeploy.steps.containers.maintenance.maintenance import end_maintenance, is_maintenance_on
from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from cosmicdeploy.steps.containers.repair import wait_for_commands
from cosmicdeploy.steps.containers.restart.restart import RestartStep
from cosmicdeploy.steps.rollout.replacement.replace import journal_facts, temporary_of
from cosmicdeploy.steps.schema.interrupted_migrations import require_whole
from cosmicdeploy.steps.schema.lock_wait import lock_wait_left, restore_lock_wait

COMMAND = RunCommand(line="deploy --abort --accept", kind=RunKind.ABORT)
# The rows of `status`.
Rows = Sequence[Mapping[str, Any]]
# Service → ids of its container in place and of that container's image; None without a container.
InPlace = Mapping[str, tuple[str, str] | None]


def acceptable(ctx: Context) -> list[InterruptedRun]:
    """Return the interrupted runs that acceptance would close.

    Raises `UsageError` if there is none. Raises `NeedsPerson` if one of the runs was swapping data
    or still turns clients away, since the operator must finish or undo such a run first. But if the
    database has data that no record explains, such a run can be neither finished nor undone, so it
    is acceptable too.
    """
    runs = unfinished(ctx.journal)
    if not runs:
        raise UsageError(
            "No run was interrupted, so there is nothing to accept",
            where=str(ctx.journal.path),
            todo="see `cosmicdeploy status`",
        )
    if not interrupted.has_unknown_data(ctx, runs):
        _require_no_swap(ctx, runs)
        _require_clients_served(ctx, runs)
    return runs


def kept_data(ctx: Context, runs: Sequence[InterruptedRun]) -> str:
    """Describe the data that acceptance sets aside, to ask the operator; "" if there is none."""
    if not interrupted.has_unknown_data(ctx, runs):
        return ""
    schema = replaced_name(ctx.require_database().name)
    return (
        f"no record says which run replaced the data in the schema {schema}: it is kept, in a"
        " schema that no command touches, and clients are let in to the present data"
    )


def _require_clients_served(ctx: Context, runs: Sequence[InterruptedRun]) -> None:
    """Raise `NeedsPerson` if one of these runs began maintenance that is still on."""
    began_maintenance = [run for run in runs if _began_maintenance(run)]
    if began_maintenance and is_maintenance_on(ctx):
        raise NeedsPerson(
            "Clients are still turned away, so the present state cannot be accepted",
            where=began_maintenance[-1].description(),
            todo=f"run `cosmicdeploy {began_maintenance[-1].command}`, which finishes that run and"
            " serves clients again",
        )


def _began_maintenance(run: InterruptedRun) -> bool:
    """Whether a step of the run turns clients away and maintenance was off before that step."""
    steps = [*intents([run], RestartStep.kind), *intents([run], QuiesceStep.kind)]
    return any(_turns_clients_away(i.options) and not i.before["shielded"] for i in steps)


def _turns_clients_away(options: Mapping[str, Any]) -> bool:
    """Whether a step with these options turns clients away.

    A restart does so by its option `turns_away`, a quiesce step if its `roles` include `app`.
    """
    roles = options.get("roles")
    return bool(options.get("turns_away")) or (isinstance(roles, list) and "app" in roles)


def _require_no_swap(ctx: Context, runs: Sequence[InterruptedRun]) -> None:
    """Raise `NeedsPerson` if an interrupted rollback was swapping data or turns clients away.

    A rollback that does neither may be accepted. If it has swapped data already, clients use that
    data, and an undo would lose what they have written since.
    """
    rollbacks = [run for run in runs if run.kind is RunKind.ROLLBACK]
    if not rollbacks:
        return  # only a rollback swaps data; do not ask the database, which may not run
    is_half_swapped = ctx.has_database and is_swap_interrupted(ctx.database())
    if not is_half_swapped and not is_maintenance_on(ctx):
        return
    was_swapping = is_half_swapped or bool(intents(runs, RestoreStep.kind))
    what = "while data was being swapped" if was_swapping else "and still turns clients away"
    last = rollbacks[-1]
    raise NeedsPerson(
        f"A rollback was interrupted {what}, so the present state cannot be accepted",
        where=last.description(),
        todo=f"finish it: `cosmicdeploy {last.command} --to {last.target}`; or undo it: "
        "`cosmicdeploy deploy --abort`",
    )


def in_place(ctx: Context) -> InPlace:
    """Return each service's container in place, which the operator is asked to accept.

    Leaves out all other containers of the project. `accept` calls this function again under the
    lock, and compares the two results. If orphans were included, the results would differ, since a
    superseded container counts as an orphan only while no run holds the lock.
    """
    containers = {name: ctx.container(name) for name in ctx.settings.services.all}
    return {name: (c.id, c.image_id) if c else None for name, c in containers.items()}


def accept(ctx: Context, agreed: InPlace, wait: float = 0.0) -> Rows:
    """Close all interrupted runs and clean up after them; return the rows of `status`.

    `agreed` are the containers that the operator agreed to. Waits up to `wait` seconds if another
    run holds the lock. Raises `Refused` if other containers are in place by now, `NeedsPerson` if a
    migration is half done, `LockHeld`, and the errors of `acceptable`. After an error the
    interrupted runs are still open.
    """
    with begin(ctx, COMMAND, wait, ctx.settings.services.all) as (run_ctx, _):
        interrupted.end_tools(run_ctx)
        wait_for_commands(run_ctx)
        runs = acceptable(run_ctx)
        require_whole(run_ctx)
        _require_same(agreed, in_place(run_ctx))
        _clean_up(run_ctx, runs)
        _record_acceptance(run_ctx, runs)
    return status(ctx)


def _require_same(agreed: InPlace, now: InPlace) -> None:
    changed = [name for name in now if now[name] != agreed.get(name)]
    if changed:
        raise Refused(
            "These containers have changed since they were shown",
            where=", ".join(changed),
            todo=f"run `cosmicdeploy {COMMAND.line}` again to see and accept the present ones",
        )


def _clean_up(ctx: Context, runs: Sequence[InterruptedRun]) -> None:
    """Remove or revert what the interrupted runs left behind, except services."""
    if interrupted.has_unknown_data(ctx, runs):
        _set_aside(ctx)
    for name in ctx.settings.services.all:
        _remove_temporary(ctx, name)
    for name in out_of_service(ctx):
        put_in_service(ctx, name)
    if lock_wait_left(ctx) is not None:
        restore_lock_wait(ctx)
    if intents(runs, LoadStep.kind):
        drop_shadow(ctx.database())  # a copy of a backup, which never became live


def _set_aside(ctx: Context) -> None:
    """Set replaced data that no record explains aside, and end maintenance."""
    ctx.lock.require()
    if kept := set_replaced_data_aside(ctx.database()):
        ctx.warn(f"the data from before a restore is kept in the schema {kept}; drop it by hand")
    if is_maintenance_on(ctx):
        end_maintenance(ctx)


def _remove_temporary(ctx: Context, name: str) -> None:
    """Remove a service's temporary containers that do not run, if its container in place runs.

    Temporary containers are candidates and superseded containers.
    """
    current, service = ctx.container(name), ctx.service(name)
    for leftover in of_service(temporary_of(service, ctx.unassigned_containers()), service):
        if current is not None and current.is_running and not leftover.is_active:
            ctx.engine.remove(leftover.id)
            ctx.say(f"{leftover.name} is removed: {current.name} runs in its place")
        else:
            ctx.say(f"{leftover.name} is left as it is; the next deploy deals with it")


def _record_acceptance(ctx: Context, runs: Sequence[InterruptedRun]) -> None:
    containers = {name: journal_facts(ctx.container(name)) for name in ctx.settings.services.all}
    ctx.lock.require()
    ctx.journal.append("accepted", containers=containers, resolves=[run.id for run in runs])
    if backups_of(runs):  # a later rollback can still use these backups
        record_release(ctx.with_run(resumed_runs=runs), COMMAND)
    ctx.journal.append("success", resolves=[])  # the record `accepted` has resolved the runs
    record_outcome(ctx, "changed")
