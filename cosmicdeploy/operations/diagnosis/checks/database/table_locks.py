"""Check for sessions that hold up a statement which changes a table's structure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.sessions.lock_waits import (
    lists_table_locks,
    table_lock_holders,
    tables_in_use,
)
from cosmicdeploy.database.sessions.process_list import Process, read_process_list
from cosmicdeploy.operations.diagnosis.checks.database.session_owner import Owners
from cosmicdeploy.operations.diagnosis.finding import Finding, ok, problem, warning
from cosmicdeploy.operations.diagnosis.remedies import end_sessions

LOCKS = "table locks"


def table_locks(ctx: Context) -> Iterator[Finding]:
    """Check for sessions that wait for a table's lock, and idle transactions that may hold one."""
    with open_session(ctx.database()) as session:
        processes, owners = read_process_list(session), Owners(ctx, session.vendor)
        waiting = [each for each in processes.values() if each.waits_for_table_lock]
        if waiting:
            yield _waiting_finding(ctx, session, processes, waiting, owners)
            return
        used = tables_in_use(session, ctx.require_database().name)
    slow = ctx.settings.diagnose.slow_after
    idle = [e for e in processes.values() if e.is_idle and (e.transaction_seconds or 0) >= slow]
    for each in idle:
        yield warning(
            LOCKS,
            f"{owners.describe(each)}: a migration of a table that this transaction has read would"
            " wait for its end",
            owners.kill_command(each),
        )
    if not idle:
        in_use = f"; in use now: {', '.join(used)}" if used else ""
        yield ok(LOCKS, f"no session waits for a table{in_use}")


def _waiting_finding(
    ctx: Context,
    session: Session,
    processes: Mapping[int, Process],
    waiting: Sequence[Process],
    owners: Owners,
) -> Finding:
    """Return the finding for sessions that wait for a table's lock.

    The session that has waited longest waits for the holder of the lock. The other sessions may
    only be queued behind that session. If the server does not list table locks, the holder is a
    guess. If several sessions may be the holder, there is no remedy.
    """
    first = max(waiting, key=lambda each: each.seconds)
    holders = table_lock_holders(session, processes, first, ctx.require_database().name)
    is_certain = lists_table_locks(session)
    behind = f", and {len(waiting) - 1} more behind it" if waiting[1:] else ""
    text = f"{owners.describe(first)} waits for a table's lock{behind}"
    lines = [f"held by {owners.describe(h)}{_protection(h)}" for h in holders]
    if first.seconds < ctx.settings.diagnose.slow_after:
        return warning(LOCKS, text, details=lines)
    if not holders or (len(holders) > 1 and not is_certain):
        lines = [line.replace("held by", "perhaps held by") for line in lines]
        # The text has the placeholder {user}; any other brace in it would make `format` fail.
        how = session.vendor.table_locks_todo.format(user=ctx.require_database().user)
        todo = f"{how}, then run `cosmicdeploy diagnose migration` again"
        return problem(LOCKS, text, todo, details=lines)
    remedies = end_sessions(owners, holders, statement_only=False)
    todo = "cosmicdeploy diagnose migration --fix" if remedies else owners.kill_command(holders[0])
    return problem(LOCKS, text, todo, details=lines, remedies=remedies)


def _protection(session: Process) -> str:
    return f"; {session.protection}" if session.protection else ""
