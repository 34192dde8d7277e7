"""Check which session holds up a statement that changes a table's structure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.sessions.lock_waits import (
    LOCK_PLUGIN,
    has_lock_plugin,
    table_lock_holders,
    tables_in_use,
)
from cosmicdeploy.database.sessions.process_list import Process, read_process_list
from cosmicdeploy.operations.diagnosis.checks.session_owner import Owners, by_hand
from cosmicdeploy.operations.diagnosis.finding import Finding, ok, problem, warning
from cosmicdeploy.operations.diagnosis.remedies import end

LOCKS = "table locks"


def table_locks(ctx: Context) -> Iterator[Finding]:
    """Check for sessions that wait for a table's lock, and for those that hold it or may soon."""
    with open_session(ctx.database()) as session:
        processes, owners = read_process_list(session), Owners(ctx)
        waiting = [each for each in processes.values() if each.waits_for_table_lock]
        if waiting:
            yield _wait(ctx, session, processes, waiting, owners)
            return
        used = tables_in_use(session, ctx.settings.database.name)
    slow = ctx.settings.diagnose.slow_after
    idle = [e for e in processes.values() if e.is_idle and (e.transaction_seconds or 0) >= slow]
    for each in idle:
        yield warning(
            LOCKS,
            f"{owners.describe(each)}: a migration of what it has read would wait for it",
            by_hand(ctx, each),
        )
    if not idle:
        in_use = f"; in use just now: {', '.join(used)}" if used else ""
        yield ok(LOCKS, f"no session waits for a table{in_use}")


def _wait(
    ctx: Context,
    session: Session,
    processes: Mapping[int, Process],
    waiting: Sequence[Process],
    owners: Owners,
) -> Finding:
    """Return the finding for waiting sessions.

    The one that has waited longest waits for the holder; the others may wait behind it.
    """
    first = max(waiting, key=lambda each: each.seconds)
    holders = table_lock_holders(session, processes, first, ctx.settings.database.name)
    exact = has_lock_plugin(session)
    behind = f", and {len(waiting) - 1} more behind it" if waiting[1:] else ""
    text = f"{owners.describe(first)} waits for a table's lock{behind}"
    lines = [f"held by {owners.describe(h)}{_protected(h)}" for h in holders]
    if first.seconds < ctx.settings.diagnose.slow_after:
        return warning(LOCKS, text, details=lines)
    if not holders or (len(holders) > 1 and not exact):
        lines = [line.replace("held by", "perhaps held by") for line in lines]
        user = ctx.settings.database.user
        todo = (
            "let the server tell who holds it: `cosmicdeploy exec database mysql -u"
            f" {user} -e \"INSTALL SONAME '{LOCK_PLUGIN}'\"`, then diagnose again"
        )
        return problem(LOCKS, text, todo, details=lines)
    remedies = end(owners, holders, statement_only=False)
    todo = "cosmicdeploy diagnose migration --fix" if remedies else by_hand(ctx, holders[0])
    return problem(LOCKS, text, todo, details=lines, remedies=remedies)


def _protected(session: Process) -> str:
    return f"; {session.protection}" if session.protection else ""
