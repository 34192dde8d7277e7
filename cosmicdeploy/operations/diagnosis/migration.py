"""A migration fails or is stuck."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.database.access import Session, open_session
from cosmicdeploy.database.activity import (
    LOCK_PLUGIN,
    Activity,
    has_lock_plugin,
    sessions,
    table_holders,
    tables_in_use,
)
from cosmicdeploy.engine import labels
from cosmicdeploy.lock import holding_process
from cosmicdeploy.migrations.status import listed
from cosmicdeploy.operations.diagnosis.finding import (
    Finding,
    Trouble,
    ok,
    problem,
    warning,
)
from cosmicdeploy.operations.diagnosis.remedies import DEPLOY, RESOLVE, end
from cosmicdeploy.operations.diagnosis.whose import Owners, by_hand
from cosmicdeploy.steps import migrating
from cosmicdeploy.steps.begun import unresolved
from cosmicdeploy.steps.pending import pending_names

RUN, MIGRATOR, LOCKS, PENDING = "interrupted run", "migrator", "table locks", "pending"


def interrupted(ctx: Context) -> Iterator[Finding]:
    """What a killed run left half-done."""
    if holding_process(ctx.engine, ctx.stack.project) is not None:
        yield ok(RUN, "a run is at work just now: see `cosmicdeploy lock status`")
        return
    begun = unresolved(ctx.journal)
    if begun is None:
        yield ok(RUN, "none was interrupted while it migrated")
        return
    found = migrating.look(ctx, begun)
    if found.state is not migrating.State.BROKEN:
        yield problem(
            RUN,
            f"a run was interrupted while it migrated: {found.state}",
            "cosmicdeploy deploy",
            details=found.lines,
            remedies=[DEPLOY],
        )
        return
    broken = migrating.broken(found)
    yield problem(RUN, broken.what, broken.todo, details=broken.details, remedies=[RESOLVE])


def migrators(ctx: Context) -> Iterator[Finding]:
    """Migrators that still run: a killed run's, or somebody's by hand."""
    found = [
        f"{container.name}: {' '.join(container.command)}"
        for container in ctx.engine.leftovers(ctx.stack.project)
        if container.running and container.labels.get(labels.MARKER) == labels.RUN
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
        "wait for it; what holds it up is told under table locks",
        found,
    )


def migrator(ctx: Context, command_line: str) -> str:
    """The part of a process's command line that is the console's migrator; "" where none is."""
    console, command = ctx.settings.app.console[-1], ctx.settings.migrate.command[0]
    words = rf"{re.escape(console)}\s+{re.escape(command)}(?=\s|$)"
    found = re.search(words, command_line)
    return found[0] if found else ""


def table_locks(ctx: Context) -> Iterator[Finding]:
    """Sessions that wait for a table's lock, who holds it, and who might be in the way next."""
    with open_session(ctx.database()) as session:
        found, owners = sessions(session), Owners(ctx)
        waiting = [each for each in found.values() if each.waits_for_table]
        if waiting:
            yield _wait(ctx, session, found, waiting, owners)
            return
        used = tables_in_use(session, ctx.settings.database.name)
    slow = ctx.settings.diagnose.slow_after
    idle = [e for e in found.values() if e.sleeps and (e.transaction or 0) >= slow]
    for each in idle:
        yield warning(
            LOCKS,
            f"{owners.told(each)}: a migration of what it has read would wait for it",
            by_hand(ctx, each),
        )
    if not idle:
        in_use = f"; in use just now: {', '.join(used)}" if used else ""
        yield ok(LOCKS, f"nobody waits for a table{in_use}")


def _wait(
    ctx: Context,
    session: Session,
    found: Mapping[int, Activity],
    waiting: Sequence[Activity],
    owners: Owners,
) -> Finding:
    """Whoever has waited longest waits for the holder; all others may wait behind that one."""
    first = max(waiting, key=lambda each: each.seconds)
    holders = table_holders(session, found, first, ctx.settings.database.name)
    exact = has_lock_plugin(session)
    behind = f", and {len(waiting) - 1} more behind it" if waiting[1:] else ""
    told = f"{owners.told(first)} waits for a table's lock{behind}"
    lines = [f"held by {owners.told(h)}{_protected(h)}" for h in holders]
    if not holders or (len(holders) > 1 and not exact):
        lines = [line.replace("held by", "perhaps held by") for line in lines]
        user = ctx.settings.database.user
        todo = (
            "let the server tell who holds it: `cosmicdeploy exec database mysql -u"
            f" {user} -e \"INSTALL SONAME '{LOCK_PLUGIN}'\"`, then diagnose again"
        )
        return problem(LOCKS, told, todo, details=lines)
    remedies = end(owners, holders, statement_only=False)
    todo = "cosmicdeploy diagnose migration --fix" if remedies else by_hand(ctx, holders[0])
    return problem(LOCKS, told, todo, details=lines, remedies=remedies)


def _protected(session: Activity) -> str:
    return f"; {session.protected}" if session.protected else ""


def pending(ctx: Context) -> Iterator[Finding]:
    """Migrations that have not run, though their release is in place."""
    with open_session(ctx.database()) as session:
        if any(each.waits_for_table for each in sessions(session).values()):
            yield warning(PENDING, "not asked while sessions wait for a table's lock")
            return
    names = pending_names(ctx)
    if names == []:
        yield ok(PENDING, "no migration is pending")
    elif names is None:
        yield warning(PENDING, "nothing was ever migrated", "cosmicdeploy up")
    elif ctx.running_release() not in ("", ctx.release):
        told = f"{listed(names)}, of release {ctx.release}, which is not deployed yet"
        yield warning(PENDING, told, "cosmicdeploy deploy")
    else:
        told = f"{listed(names)} did not run, and its release {ctx.release} is in place"
        yield problem(PENDING, told, "cosmicdeploy deploy", details=names, remedies=[DEPLOY])


TROUBLE = Trouble(
    name="migration",
    about="a migration fails or is stuck",
    checks={RUN: interrupted, MIGRATOR: migrators, LOCKS: table_locks, PENDING: pending},
)
