"""The problem `database-load`: the database is under high load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.lock_waits import RowWait, row_waits
from cosmicdeploy.database.sessions.process_list import Process, read_process_list
from cosmicdeploy.database.sessions.server_load import read_server_load
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.operations.diagnosis.checks.database.session_owner import Owners, client_command
from cosmicdeploy.operations.diagnosis.finding import Finding, KnownProblem, ok, problem, warning
from cosmicdeploy.operations.diagnosis.remedies import end_sessions
from cosmicdeploy.text.formatting import counted, format_duration

CONNECTIONS, STATEMENTS = "connections", "long statements"
WAITS, SLOW = "lock waits", "slow queries"
# This is advice and not a remedy: the deployer cannot see which connections the application still
# needs.
REDUCE_CONNECTIONS = "cosmicdeploy restart app, or raise max_connections"
TOO_MANY = "Too many connections"
FIX = "cosmicdeploy diagnose database-load --fix"
# The check warns from this many slow statements per minute on (mean since the server's start).
SLOW_PER_MINUTE = 1.0
# Number of sessions and users that are shown.
MAX_SHOWN = 5


def connections(ctx: Context) -> Iterator[Finding]:
    """Check how many of the allowed connections are in use, and by which users and services."""
    try:
        yield _connections(ctx)
    except DatabaseError as error:
        if TOO_MANY not in error.what:
            raise
        yield problem(CONNECTIONS, error.what, REDUCE_CONNECTIONS)


def _connections(ctx: Context) -> Finding:
    with open_session(ctx.database()) as session:
        load, processes, owners = (
            read_server_load(session),
            read_process_list(session),
            Owners(ctx, session.vendor),
        )
    allowed = load.allowed_connections
    text = f"{load.connections} of {allowed} in use, at most {load.peak_connections} so far"
    counts = Counter(
        f"{s.user}@{owners.service_at(s.host)}" for s in processes.values() if not s.protection
    )
    lines = [f"{count} by {user}" for user, count in counts.most_common(MAX_SHOWN)]
    if load.connections < allowed * ctx.settings.diagnose.connections:
        return ok(CONNECTIONS, text, *lines)
    return problem(CONNECTIONS, text, REDUCE_CONNECTIONS, details=lines)


def statements(ctx: Context) -> Iterator[Finding]:
    """Check for statements that run for a long time.

    A statement is reported from `diagnose.slow_after` seconds on, or from `diagnose.end_after` if
    that is less. A remedy ends only statements that a client can repeat, and only after
    `diagnose.end_after` seconds. The operator decides about all other statements. Statements that
    wait for locks are reported by the check `lock waits` instead.
    """
    limits = ctx.settings.diagnose
    with open_session(ctx.database()) as session:
        processes, pairs, owners = (
            read_process_list(session),
            row_waits(session),
            Owners(ctx, session.vendor),
        )
    threshold, waiters = min(limits.slow_after, limits.end_after), {pair.waiter for pair in pairs}
    long = [e for e in processes.values() if e.id not in waiters and _runs_long(e, threshold)]
    for each in long:
        text = owners.describe(each)
        if each.protection:
            yield warning(STATEMENTS, f"{text}; {each.protection}")
        elif each.seconds < limits.end_after:
            yield warning(STATEMENTS, text, owners.kill_command(each, statement_only=True))
        elif _may_be_ended(ctx, each):
            remedies = end_sessions(owners, [each], statement_only=True)
            yield problem(STATEMENTS, text, FIX, remedies=remedies)
        else:
            text += "; it is not a client's statement on this schema"
            yield warning(STATEMENTS, text, owners.kill_command(each, statement_only=True))
    if not long:
        yield ok(STATEMENTS, f"none has run for {threshold:g} s")


def _runs_long(session: Process, seconds: float) -> bool:
    """Whether a session has been executing a statement for at least this many seconds.

    False for a session that waits for a table's lock, and for a session without a statement, such
    as those of the server itself.
    """
    idle = session.is_idle or not session.statement
    return not idle and not session.waits_for_table_lock and session.seconds >= seconds


def _may_be_ended(ctx: Context, session: Process) -> bool:
    """Whether a session runs a client's statement, and uses this schema or no schema."""
    uses_schema = session.schema in ("", ctx.require_database().name)
    return uses_schema and session.runs_client_statement


def lock_waits(ctx: Context) -> Iterator[Finding]:
    """Check for sessions that wait for locked rows or for a table's lock."""
    with open_session(ctx.database()) as session:
        processes, pairs, owners = (
            read_process_list(session),
            row_waits(session),
            Owners(ctx, session.vendor),
        )
    # A session may have ended between the two queries.
    present = [p for p in pairs if p.waiter in processes and p.blocker in processes]
    for blocker in dict.fromkeys(pair.blocker for pair in present):
        blocked = [pair for pair in present if pair.blocker == blocker]
        yield _blocked(ctx, processes, blocked, owners)
    table_waiters = [each for each in processes.values() if each.waits_for_table_lock]
    if table_waiters:
        waiting = counted(len(table_waiters), "session waits", "sessions wait")
        text = f"{waiting} for a table's lock: {owners.describe(table_waiters[0])}"
        yield problem(WAITS, text, "cosmicdeploy diagnose migration")
    if not present and not table_waiters:
        yield ok(WAITS, "no session waits for a lock")


def _blocked(
    ctx: Context, processes: Mapping[int, Process], pairs: list[RowWait], owners: Owners
) -> Finding:
    """Return the finding for all sessions that wait for the same blocking session.

    A wait is a problem from `diagnose.slow_after` seconds on, before that a warning. From
    `diagnose.end_after` seconds on, a remedy can end the blocking session if it is idle.
    """
    blocker, limits = processes[pairs[0].blocker], ctx.settings.diagnose
    longest = max(pair.seconds for pair in pairs)
    waiting = counted(len(pairs), "session waits", "sessions wait")
    text = f"{waiting} for {longest} s for rows that {owners.describe(blocker)} has locked"
    lines = [owners.describe(processes[pair.waiter]) for pair in pairs[:MAX_SHOWN]]
    if longest < limits.slow_after:
        return warning(WAITS, text, details=lines)
    if not blocker.is_idle or longest < limits.end_after:
        return problem(WAITS, text, owners.kill_command(blocker), details=lines)
    remedies = end_sessions(owners, [blocker], statement_only=False)
    return problem(WAITS, text, FIX, details=lines, remedies=remedies)


def slow_queries(ctx: Context) -> Iterator[Finding]:
    """Check how many statements were slow since the server started."""
    with open_session(ctx.database()) as session:
        load, client = read_server_load(session), client_command(ctx, session.vendor)
    per_minute = load.slow_statements / max(1.0, load.uptime_seconds / 60)
    slow = counted(load.slow_statements, "statement")
    uptime = format_duration(load.uptime_seconds)
    text = f"{slow} slower than {load.slow_after_seconds:g} s in {uptime}"
    if per_minute < SLOW_PER_MINUTE:
        yield ok(SLOW, text)
    elif load.logs_slow_statements:
        yield warning(SLOW, text, "cosmicdeploy logs database, or the server's slow query log")
    else:
        log = f'{client} -e "SET GLOBAL slow_query_log = ON"'
        yield warning(SLOW, f"{text}; the server does not log which", log)


PROBLEM = KnownProblem(
    name="database-load",
    about="the database is under high load",
    needs_database=True,
    checks={
        CONNECTIONS: connections,
        STATEMENTS: statements,
        WAITS: lock_waits,
        SLOW: slow_queries,
    },
)
