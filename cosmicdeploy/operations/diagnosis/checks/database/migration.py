"""The problem `migration`: a migration fails or is stuck."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import release_ahead, running_release
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.process_list import read_process_list
from cosmicdeploy.engine import labels
from cosmicdeploy.journal.unfinished.interrupted_migration import interrupted_migration
from cosmicdeploy.lock import holder_pid
from cosmicdeploy.migrations.applied import AppliedState, UnrecordedMigration
from cosmicdeploy.migrations.names import summarize_names
from cosmicdeploy.operations.diagnosis.checks.database.table_locks import LOCKS, table_locks
from cosmicdeploy.operations.diagnosis.finding import (
    Finding,
    KnownProblem,
    ok,
    problem,
    warning,
)
from cosmicdeploy.operations.diagnosis.remedies import DEPLOY, RESOLVE, mark_migrated
from cosmicdeploy.steps.schema import interrupted_migrations
from cosmicdeploy.steps.schema.asking.commands import how_to_run
from cosmicdeploy.steps.schema.pending import begun_already, pending_names

RUN, MIGRATOR, PENDING = "interrupted run", "migrator", "pending"


def interrupted(ctx: Context) -> Iterator[Finding]:
    """Check for an interrupted run that had begun to migrate, and how far its migrations came."""
    if holder_pid(ctx.engine, ctx.stack.project) is not None:
        yield ok(RUN, "not checked while a run is at work: see `cosmicdeploy lock status`")
        return
    begun = interrupted_migration(ctx.journal)
    if begun is None:
        yield ok(RUN, "no run was interrupted during a migration")
        return
    progress = interrupted_migrations.compare_with_schema(ctx, begun)
    if progress.state is not interrupted_migrations.State.BROKEN:
        yield problem(
            RUN,
            f"a run was interrupted during a migration: {progress.state}",
            "cosmicdeploy deploy",
            details=progress.lines,
            remedies=[DEPLOY],
        )
        return
    error = interrupted_migrations.half_done_error(progress)
    yield problem(RUN, error.what, error.todo, details=error.details, remedies=[RESOLVE])


def migrators(ctx: Context) -> Iterator[Finding]:
    """Check for migrate commands that still run, whether a run or an operator began them."""
    lines = [
        f"{container.name}: {' '.join(container.command)}"
        for container in ctx.engine.leftovers(ctx.stack.project)
        if container.is_running and container.labels.get(labels.MARKER) == labels.RUN
    ]
    for name in ctx.settings.released_by(ctx.settings.main_application):
        container = ctx.container(name)
        processes = ctx.engine.processes(container.id) if container else ()
        lines += [f"{name}: {part}" for p in processes if (part := migrator(ctx, p.command))]
    if not lines:
        yield ok(MIGRATOR, "none runs")
        return
    yield warning(
        MIGRATOR,
        f"{len(lines)} still at work",
        f"wait until they end; `{LOCKS}` below shows what holds them up",
        lines,
    )


def migrator(ctx: Context, command_line: str) -> str:
    """Return the part of a command line that calls the framework's migrate command, else ""."""
    return ctx.framework.running(command_line)


def pending(ctx: Context) -> Iterator[Finding]:
    """Check for migrations that are pending although their release is in place."""
    if ctx.why_no_migrations:
        yield ok(PENDING, ctx.why_no_migrations)
        return
    with open_session(ctx.database()) as session:
        if any(each.waits_for_table_lock for each in read_process_list(session).values()):
            yield warning(PENDING, "not checked while sessions wait for a table's lock")
            return
    names = pending_names(ctx)
    if names == []:
        yield ok(PENDING, "no migration is pending")
    elif names is None:
        yield warning(PENDING, "no migration was ever applied", "cosmicdeploy up")
    else:
        yield from _not_run(ctx, names)


def _not_run(ctx: Context, names: Sequence[str]) -> Iterator[Finding]:
    """Yield the findings for pending migrations.

    A pending migration may have changed the schema already, for example if an operator ran it and
    it was killed before it was marked as run.
    """
    begun = begun_already(ctx, names)
    whole = [each for each in begun if each.applied is AppliedState.ALL]
    half = [each for each in begun if each.applied is AppliedState.PART]
    if whole:
        yield _not_marked(ctx, whole)
    for each in half:
        yield problem(
            PENDING,
            f"{each.migration} is half done, and no run in the journal began it: this migration can"
            " neither run again nor be undone",
            "in the database, do what is missing by hand or undo what was done; then run"
            " `cosmicdeploy diagnose migration --fix`",
            details=each.lines,
        )
    known = {each.migration for each in (*whole, *half)}
    if new := [name for name in names if name not in known]:
        yield _not_begun(ctx, new, held_up=bool(half))


def _not_marked(ctx: Context, whole: Sequence[UnrecordedMigration]) -> Finding:
    """Return the finding for migrations that are in the schema but not marked as run.

    There is a remedy if the deployer can add the framework's row for them. Otherwise the operator
    marks them with the framework's own command, if it has one.
    """
    names = [each.migration for each in whole]
    can_mark = ctx.framework.row_of(names[0]) is not None
    commands = filter(None, map(ctx.framework.command_to_mark, names))
    by_hand = "; ".join(how_to_run(ctx, each) for each in commands)
    return problem(
        PENDING,
        f"all that {summarize_names(names)} creates is in the schema, but it is not marked as run:"
        " to run it again would fail on what already exists",
        "cosmicdeploy diagnose migration --fix"
        if can_mark
        else by_hand or f"mark it as run by {ctx.framework.name}",
        details=[line for each in whole for line in each.lines],
        remedies=[mark_migrated(names)] if can_mark else [],
    )


def _not_begun(ctx: Context, names: Sequence[str], *, held_up: bool) -> Finding:
    """Return the finding for migrations that have not begun.

    There is no remedy if they are `held_up` by a half-done migration.
    """
    release = release_ahead(ctx)
    if running_release(ctx) not in ("", release):
        text = f"{summarize_names(names)} of release {release}, which is not deployed yet"
        return warning(PENDING, text, "cosmicdeploy deploy")
    text = f"{summarize_names(names)} did not run, although release {release} is in place"
    remedies = [] if held_up else [DEPLOY]
    return problem(PENDING, text, "cosmicdeploy deploy", details=names, remedies=remedies)


PROBLEM = KnownProblem(
    name="migration",
    about="a migration fails or is stuck",
    needs_database=True,
    checks={RUN: interrupted, MIGRATOR: migrators, LOCKS: table_locks, PENDING: pending},
)
