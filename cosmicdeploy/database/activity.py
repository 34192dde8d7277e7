"""What the server's sessions do: who runs which statement, who has a transaction open, who waits
for whom."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.database.access import Session

# Sessions and commands of the server itself, and of servers that read from it.
SYSTEM_USERS = frozenset({"", "system user", "event_scheduler", "unauthenticated user"})
SYSTEM_COMMANDS = frozenset(
    {"Daemon", "Binlog Dump", "Binlog Dump GTID", "Connect", "Delayed insert"}
    | {"Slave_IO", "Slave_SQL", "Slave_worker"}
)
BACKUP_USERS = re.compile(r"backup|dump|repl", re.IGNORECASE)
# The first is what mysqldump and mariadb-dump read tables with, the others what tools lock with.
BACKUP_STATEMENTS = re.compile(
    r"SQL_NO_CACHE \*/|^\s*(BACKUP\s|FLUSH\s+TABLES?\b.*\bREAD\s+LOCK)",
    re.IGNORECASE | re.DOTALL,
)
COMMENTS = re.compile(r"^(?:\s|/\*.*?\*/|--\s.*?\n|#.*?\n)+", re.DOTALL)
# What a client may begin anew; a migration's statements and a load's are none of these.
CLIENT_STATEMENTS = re.compile(
    r"(SELECT|WITH|INSERT|UPDATE|DELETE|REPLACE|CALL|DO|EXECUTE)\b|\(", re.IGNORECASE
)
TABLE_LOCK = "Waiting for table metadata lock"
SLEEPS = "Sleep"
LOCK_PLUGIN = "metadata_lock_info"


@dataclass(frozen=True, kw_only=True)
class Activity:
    """A session: what it runs, or for how many seconds it has done nothing (`command` is then
    Sleep). `transaction` is the age of its open transaction in seconds; None for none."""

    id: int
    user: str
    host: str
    schema: str
    command: str
    seconds: int
    state: str = ""
    statement: str = ""
    transaction: int | None = None

    @property
    def sleeps(self) -> bool:
        return self.command == SLEEPS

    @property
    def waits_for_table(self) -> bool:
        """Whether it waits for the lock on a table that a statement of structure takes."""
        return self.state.startswith(TABLE_LOCK)

    @property
    def protected(self) -> str:
        """Why nobody but a person may end it; "" where it is a client like others."""
        if self.user in SYSTEM_USERS or self.command in SYSTEM_COMMANDS:
            return "it is the server's own, or another server's"
        if BACKUP_USERS.search(self.user) or BACKUP_STATEMENTS.search(self.statement):
            return "it is a backup's or another server's"
        return ""

    @property
    def runs_client_statement(self) -> bool:
        """Whether it runs a statement that a client may begin anew."""
        plain = COMMENTS.sub("", self.statement)
        return not self.sleeps and bool(CLIENT_STATEMENTS.match(plain))


@dataclass(frozen=True, kw_only=True)
class RowWait:
    """A session (by id) that waits for rows that another one has locked, for so many seconds."""

    waiter: int
    blocker: int
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Load:
    """Connections now, at most since the server started, and allowed; slow statements since then,
    and what is slow, in seconds."""

    connections: int
    most: int
    allowed: int
    uptime: int
    slow: int
    slow_after: float
    slow_log: bool


def sessions(session: Session) -> Mapping[int, Activity]:
    """All sessions by id but for our own. Raises `DatabaseError`."""
    open_for = {
        int(thread): int(seconds)
        for thread, seconds in session.rows(
            "SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW())"
            " FROM information_schema.innodb_trx"
        )
    }
    rows = session.rows(
        "SELECT id, user, host, db, command, time, state, info"
        " FROM information_schema.processlist WHERE id <> CONNECTION_ID() ORDER BY time DESC, id"
    )
    return {int(row[0]): _activity(row, open_for.get(int(row[0]))) for row in rows}


def _activity(row: Sequence[object], transaction: int | None) -> Activity:
    number, user, host, schema, command, seconds, state, statement = row
    return Activity(
        id=int(str(number)),
        user=str(user or ""),
        host=str(host or ""),
        schema=str(schema or ""),
        command=str(command or ""),
        seconds=max(0, int(str(seconds or 0))),
        state=str(state or ""),
        statement=_text(statement),
        transaction=transaction,
    )


def _text(statement: object) -> str:
    if isinstance(statement, bytes):
        return statement.decode("utf-8", "replace")
    return str(statement or "")


def row_waits(session: Session) -> list[RowWait]:
    """Who waits for whose rows; none where the server has no such table. Raises `DatabaseError`."""
    if not _has_table(session, "INNODB_LOCK_WAITS"):
        return []
    rows = session.rows(
        "SELECT waiter.trx_mysql_thread_id, blocker.trx_mysql_thread_id,"
        " COALESCE(TIMESTAMPDIFF(SECOND, waiter.trx_wait_started, NOW()), 0)"
        " FROM information_schema.innodb_lock_waits AS pair"
        " JOIN information_schema.innodb_trx AS waiter ON waiter.trx_id = pair.requesting_trx_id"
        " JOIN information_schema.innodb_trx AS blocker ON blocker.trx_id = pair.blocking_trx_id"
    )
    return [RowWait(waiter=int(w), blocker=int(b), seconds=int(s)) for w, b, s in rows]


def table_holders(
    session: Session, found: Mapping[int, Activity], waiter: Activity, schema: str
) -> list[Activity]:
    """Who may hold the table's lock that a session waits for: with the server's plugin for it, by
    the tables that its statement names; else whoever has been at it for longer in this schema.

    Raises `DatabaseError`.
    """
    others = [each for each in found.values() if not each.waits_for_table]
    if _has_table(session, LOCK_PLUGIN.upper()):
        holding = _locked_tables(session, schema)
        return [each for each in others if _named(waiter.statement, holding.get(each.id, ()))]
    return [
        each
        for each in others
        if each.schema in (schema, "")
        and each.transaction is not None
        and each.transaction >= waiter.seconds
    ]


def _named(statement: str, tables: Collection[str]) -> bool:
    return any(re.search(rf"\b{re.escape(table)}\b", statement) for table in tables)


def _locked_tables(session: Session, schema: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = session.rows(
        "SELECT thread_id, table_name FROM information_schema.metadata_lock_info"
        " WHERE table_schema = %s AND table_name <> ''",
        schema,
    )
    for thread, table in rows:
        found.setdefault(int(thread), []).append(str(table))
    return found


def has_lock_plugin(session: Session) -> bool:
    """Whether the server tells who holds which table's lock."""
    return _has_table(session, LOCK_PLUGIN.upper())


def tables_in_use(session: Session, schema: str) -> list[str]:
    """Tables that LOCK TABLES or a statement at work holds. Raises `DatabaseError`."""
    rows = session.rows("SHOW OPEN TABLES WHERE `Database` = %s AND In_use > 0", schema)
    return sorted(str(row[1]) for row in rows)


def load(session: Session) -> Load:
    """How busy the server is. Raises `DatabaseError`."""
    status = _pairs(session, "SHOW GLOBAL STATUS")
    variables = _pairs(session, "SHOW GLOBAL VARIABLES")
    return Load(
        connections=int(status["threads_connected"]),
        most=int(status["max_used_connections"]),
        allowed=int(variables["max_connections"]),
        uptime=int(status["uptime"]),
        slow=int(status["slow_queries"]),
        slow_after=float(variables["long_query_time"]),
        slow_log=variables["slow_query_log"] == "ON",
    )


def kill(session: Session, number: int, *, statement_only: bool) -> None:
    """End a session, or only what it runs. Raises `DatabaseError`."""
    session.execute("KILL QUERY %s" if statement_only else "KILL %s", number)


def _pairs(session: Session, sql: str) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in session.rows(sql)}


def _has_table(session: Session, name: str) -> bool:
    return bool(
        session.rows(
            "SELECT 1 FROM information_schema.tables"
            " WHERE table_schema = 'information_schema' AND table_name = %s",
            name,
        )
    )
