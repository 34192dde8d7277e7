"""The trouble `migration`: a migration fails or is stuck."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.process_list import read_process_list
from cosmicdeploy.engine import labels
from cosmicdeploy.journal.interrupted_migration import interrupted_migration
from cosmicdeploy.lock import holder_pid
from cosmicdeploy.migrations.applied import AppliedState, UnrecordedMigration
from cosmicdeploy.migrations.status import summarize_names
from cosmicdeploy.operations.diagnosis.checks.table_locks import LOCKS, table_locks
from cosmicdeploy.operations.diagnosis.finding import (
    Finding,
    Trouble,
    ok,
    problem,
    warning,
)
from cosmicdeploy.operations.diagnosis.remedies import DEPLOY, RESOLVE, mark_migrated
from cosmicdeploy.steps.schema import interrupted_migrations
from cosmicdeploy.steps.schema.pending import begun_already, pending_names

RUN, MIGRATOR, PENDING = "interrupted run", "migrator", "pending"


def interrupted(ctx: Context) -> Iterator[Finding]:
    """Check for migrations that an interrupted run left half done."""
    if holder_pid(ctx.engine, ctx.stack.project) is not None:
        yield ok(RUN, "a run is at work just now: see `cosmicdeploy lock status`")
        return
    begun = interrupted_migration(ctx.journal)
    if begun is None:
        yield ok(RUN, "none was interrupted while it migrated")
        return
    found = interrupted_migrations.look(ctx, begun)
    if found.state is not interrupted_migrations.State.BROKEN:
        yield problem(
            RUN,
            f"a run was interrupted while it migrated: {found.state}",
            "cosmicdeploy deploy",
            details=found.lines,
            remedies=[DEPLOY],
        )
        return
    broken = interrupted_migrations.broken(found)
    yield problem(RUN, broken.what, broken.todo, details=broken.details, remedies=[RESOLVE])


def migrators(ctx: Context) -> Iterator[Finding]:
    """Check for migrators that still run: those of a killed run, or started by an operator."""
    found = [
        f"{container.name}: {' '.join(container.command)}"
        for container in ctx.engine.leftovers(ctx.stack.project)
        if container.is_running and container.labels.get(labels.MARKER) == labels.RUN
    ]
    for name in ctx.settings.services.released:
        container = ctx.container(name)
        lines = [p.command for p in ctx.engine.processes(container.id)] if container else []
        found += [f"{name}: {word}" for line in lines if (word := migrator(ctx, line))]
    if not found:
        yield ok(MIGRATOR, "none runs")
        return
    yield warning(
        MIGRATOR,
        f"{len(found)} still at work",
        "wait for it; the table locks below show what holds it up",
        found,
    )


def migrator(ctx: Context, command_line: str) -> str:
    """Return the part of a command line that is the console's migrator; "" where there is none."""
    console, command = ctx.settings.app.console[-1], ctx.settings.migrate.command[0]
    words = rf"{re.escape(console)}\s+{re.escape(command)}(?=\s|$)"
    found = re.search(words, command_line)
    return found[0] if found else ""


def pending(ctx: Context) -> Iterator[Finding]:
    """Check for migrations that have not run although their release is in place."""
    with open_session(ctx.database()) as session:
        if any(each.waits_for_table_lock for each in read_process_list(session).values()):
            yield warning(PENDING, "not checked while sessions wait for a table's lock")
            return
    names = pending_names(ctx)
    if names == []:
        yield ok(PENDING, "no migration is pending")
    elif names is None:
        yield warning(PENDING, "nothing was ever migrated", "cosmicdeploy up")
    else:
        yield from _not_run(ctx, names)


def _not_run(ctx: Context, names: Sequence[str]) -> Iterator[Finding]:
    """Yield the findings for pending migrations.

    A migration that an operator ran and that was killed may have changed the schema without a row
    that says so.
    """
    begun = begun_already(ctx, names)
    whole = [each for each in begun if each.applied is AppliedState.ALL]
    half = [each for each in begun if each.applied is AppliedState.PART]
    if whole:
        yield _not_marked(whole)
    for each in half:
        yield problem(
            PENDING,
            f"{each.migration} is half done, by a run that is not in the journal: as it is, it can"
            " neither run nor be undone",
            "finish what is not done in the database by hand, or take back what is; then"
            " `cosmicdeploy diagnose migration --fix`",
            details=each.lines,
        )
    known = {each.migration for each in (*whole, *half)}
    if new := [name for name in names if name not in known]:
        yield _new(ctx, new, held_up=bool(half))


def _not_marked(whole: Sequence[UnrecordedMigration]) -> Finding:
    names = [each.migration for each in whole]
    return problem(
        PENDING,
        f"all that {summarize_names(names)} creates is in the schema, but it is not marked as run:"
        " it would fail on what exists already",
        "cosmicdeploy diagnose migration --fix",
        details=[line for each in whole for line in each.lines],
        remedies=[mark_migrated(names)],
    )


def _new(ctx: Context, names: Sequence[str], *, held_up: bool) -> Finding:
    if ctx.running_release() not in ("", ctx.release):
        text = f"{summarize_names(names)}, of release {ctx.release}, which is not deployed yet"
        return warning(PENDING, text, "cosmicdeploy deploy")
    text = f"{summarize_names(names)} did not run, and its release {ctx.release} is in place"
    remedies = [] if held_up else [DEPLOY]
    return problem(PENDING, text, "cosmicdeploy deploy", details=names, remedies=remedies)


TROUBLE = Trouble(
    name="migration",
    about="a migration fails or is stuck",
    checks={RUN: interrupted, MIGRATOR: migrators, LOCKS: table_locks, PENDING: pending},
)
