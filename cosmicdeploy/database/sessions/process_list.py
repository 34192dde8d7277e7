"""What the server's sessions do: who runs which statement, who has a transaction open."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.database.session import Session

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


@dataclass(frozen=True, kw_only=True)
class Process:
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


def read_process_list(session: Session) -> Mapping[int, Process]:
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


def _activity(row: Sequence[object], transaction: int | None) -> Process:
    number, user, host, schema, command, seconds, state, statement = row
    return Process(
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


def kill(session: Session, number: int, *, statement_only: bool) -> None:
    """End a session, or only what it runs. Raises `DatabaseError`."""
    session.execute("KILL QUERY %s" if statement_only else "KILL %s", number)
