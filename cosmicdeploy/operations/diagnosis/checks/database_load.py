"""The trouble `database-load`: the database is under high load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.lock_waits import RowWait, row_waits
from cosmicdeploy.database.sessions.process_list import Process, read_process_list
from cosmicdeploy.database.sessions.server_load import read_server_load
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.operations.diagnosis.checks.session_owner import Owners, by_hand
from cosmicdeploy.operations.diagnosis.finding import Finding, Trouble, ok, problem, warning
from cosmicdeploy.operations.diagnosis.remedies import end
from cosmicdeploy.text.formatting import counted, format_duration

CONNECTIONS, STATEMENTS = "connections", "long statements"
WAITS, SLOW = "lock waits", "slow queries"
# The deployer cannot see which connections the application still needs, so it closes none.
FEWER = "cosmicdeploy restart app, or raise max_connections"
TOO_MANY = "Too many connections"
FIX = "cosmicdeploy diagnose database-load --fix"
# From this mean number of slow statements per minute since the server's start on it is a warning.
SLOW_A_MINUTE = 1.0
SHOWN = 5


def connections(ctx: Context) -> Iterator[Finding]:
    """Check how many of the allowed connections are in use, and by which services."""
    try:
        yield _connections(ctx)
    except DatabaseError as error:
        if TOO_MANY not in error.what:
            raise
        yield problem(CONNECTIONS, error.what, FEWER)


def _connections(ctx: Context) -> Finding:
    with open_session(ctx.database()) as session:
        now, processes, owners = read_server_load(session), read_process_list(session), Owners(ctx)
    allowed = now.allowed_connections
    text = f"{now.connections} of {allowed} in use, at most {now.peak_connections} so far"
    counts = Counter(
        f"{s.user}@{owners.of(s.host)}" for s in processes.values() if not s.protection
    )
    lines = [f"{count} by {whose}" for whose, count in counts.most_common(SHOWN)]
    if now.connections < allowed * ctx.settings.diagnose.connections:
        return ok(CONNECTIONS, text, *lines)
    return problem(CONNECTIONS, text, FEWER, details=lines)


def statements(ctx: Context) -> Iterator[Finding]:
    """Check for statements that run for a long time.

    A remedy ends only clients' statements, after `diagnose.end_after` seconds; the operator decides
    on all others. Statements that wait for locked rows are left to the check of lock waits.
    """
    limits = ctx.settings.diagnose
    with open_session(ctx.database()) as session:
        processes, pairs, owners = read_process_list(session), row_waits(session), Owners(ctx)
    shortest, wait = min(limits.slow_after, limits.end_after), {pair.waiter for pair in pairs}
    long = [e for e in processes.values() if e.id not in wait and _runs_long(e, shortest)]
    for each in long:
        text = owners.describe(each)
        if each.protection:
            yield warning(STATEMENTS, f"{text}; {each.protection}")
        elif each.seconds < limits.end_after:
            yield warning(STATEMENTS, text, by_hand(ctx, each, statement_only=True))
        elif _may_be_ended(ctx, each):
            remedies = end(owners, [each], statement_only=True)
            yield problem(STATEMENTS, text, FIX, remedies=remedies)
        else:
            text += "; no client's statement on this schema"
            yield warning(STATEMENTS, text, by_hand(ctx, each, statement_only=True))
    if not long:
        yield ok(STATEMENTS, f"none runs longer than {shortest:g} s")


def _runs_long(session: Process, seconds: float) -> bool:
    """Whether a session has worked on a statement for so many seconds.

    The server's own sessions are idle for as long as it runs.
    """
    idle = session.is_idle or not session.statement
    return not idle and not session.waits_for_table_lock and session.seconds >= seconds


def _may_be_ended(ctx: Context, session: Process) -> bool:
    uses_schema = session.schema in ("", ctx.settings.database.name)
    return uses_schema and session.runs_client_statement


def waits(ctx: Context) -> Iterator[Finding]:
    """Check for sessions that wait for locked rows, or for a table."""
    with open_session(ctx.database()) as session:
        processes, pairs, owners = read_process_list(session), row_waits(session), Owners(ctx)
    there = [p for p in pairs if p.waiter in processes and p.blocker in processes]
    for blocker in dict.fromkeys(pair.blocker for pair in there):
        theirs = [pair for pair in there if pair.blocker == blocker]
        yield _blocked(ctx, processes, theirs, owners)
    tables = [each for each in processes.values() if each.waits_for_table_lock]
    if tables:
        waiting = counted(len(tables), "session waits", "sessions wait")
        text = f"{waiting} for a table's lock: {owners.describe(tables[0])}"
        yield problem(WAITS, text, "cosmicdeploy diagnose migration")
    if not there and not tables:
        yield ok(WAITS, "no session waits for a lock")


def _blocked(
    ctx: Context, processes: Mapping[int, Process], pairs: list[RowWait], owners: Owners
) -> Finding:
    """Return the finding for the sessions that wait for one blocker.

    It is a problem after `diagnose.slow_after` seconds. A blocker that is an idle transaction can
    be ended by a remedy, after `diagnose.end_after` seconds.
    """
    blocker, limits = processes[pairs[0].blocker], ctx.settings.diagnose
    longest = max(pair.seconds for pair in pairs)
    waiting = counted(len(pairs), "session waits", "sessions wait")
    text = f"{waiting} for {longest} s for rows that {owners.describe(blocker)} has locked"
    lines = [owners.describe(processes[pair.waiter]) for pair in pairs[:SHOWN]]
    if longest < limits.slow_after:
        return warning(WAITS, text, details=lines)
    if not blocker.is_idle or longest < limits.end_after:
        return problem(WAITS, text, by_hand(ctx, blocker), details=lines)
    remedies = end(owners, [blocker], statement_only=False)
    return problem(WAITS, text, FIX, details=lines, remedies=remedies)


def slow_queries(ctx: Context) -> Iterator[Finding]:
    """Check how many statements were slow since the server started."""
    with open_session(ctx.database()) as session:
        now = read_server_load(session)
    a_minute = now.slow_statements / max(1.0, now.uptime_seconds / 60)
    slow = counted(now.slow_statements, "statement")
    text = (
        f"{slow} slower than {now.slow_after_seconds:g} s in {format_duration(now.uptime_seconds)}"
    )
    if a_minute < SLOW_A_MINUTE:
        yield ok(SLOW, text)
    elif now.logs_slow_statements:
        yield warning(SLOW, text, "cosmicdeploy logs database, or the server's slow query log")
    else:
        user = ctx.settings.database.user
        log = f'cosmicdeploy exec database mysql -u {user} -e "SET GLOBAL slow_query_log = ON"'
        yield warning(SLOW, f"{text}; which ones is not logged", log)


TROUBLE = Trouble(
    name="database-load",
    about="the database is under high load",
    checks={
        CONNECTIONS: connections,
        STATEMENTS: statements,
        WAITS: waits,
        SLOW: slow_queries,
    },
)
