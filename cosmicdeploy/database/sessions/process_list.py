"""The server's process list: what each session runs, and how old its transaction is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.database.session import Session

# Users and commands of sessions that belong to the server itself or to a database replica. A client
# is shown as "unauthenticated user" until it has logged in.
SYSTEM_USERS = frozenset({"", "system user", "event_scheduler", "unauthenticated user"})
SYSTEM_COMMANDS = frozenset(
    {"Daemon", "Binlog Dump", "Binlog Dump GTID", "Connect", "Delayed insert"}
    | {"Slave_IO", "Slave_SQL", "Slave_worker"}
)
BACKUP_USERS = re.compile(r"backup|dump|repl", re.IGNORECASE)
# The SELECTs of mysqldump and mariadb-dump, and the locking statements of other backup tools.
BACKUP_STATEMENTS = re.compile(
    r"SQL_NO_CACHE \*/|^\s*(BACKUP\s|FLUSH\s+TABLES?\b.*\bREAD\s+LOCK)",
    re.IGNORECASE | re.DOTALL,
)
# The blanks and comments before a statement.
COMMENTS = re.compile(r"^(?:\s|/\*.*?\*/|--\s.*?\n|#.*?\n)+", re.DOTALL)
# Statements of an ordinary client, which it can repeat. Changes of the schema, as in migrations,
# are not among them. A parenthesis begins a SELECT, as in a UNION.
CLIENT_STATEMENTS = re.compile(
    r"(SELECT|WITH|INSERT|UPDATE|DELETE|REPLACE|CALL|DO|EXECUTE)\b|\(", re.IGNORECASE
)
TABLE_LOCK = "Waiting for table metadata lock"
IDLE = "Sleep"


@dataclass(frozen=True, kw_only=True)
class Process:
    """A session in the process list.

    `seconds` is how long the session has run its statement, or has been idle.
    `transaction_seconds` is the age of the session's open transaction, None if there is none.
    """

    id: int
    user: str
    host: str
    schema: str
    command: str
    seconds: int
    state: str = ""
    statement: str = ""
    transaction_seconds: int | None = None

    @property
    def is_idle(self) -> bool:
        return self.command == IDLE

    @property
    def waits_for_table_lock(self) -> bool:
        """Whether the session waits for a table lock, as ALTER TABLE does for a table in use."""
        return self.state.startswith(TABLE_LOCK)

    @property
    def protection(self) -> str:
        """Why the deployer does not offer to end the session; "" for an ordinary client."""
        if self.user in SYSTEM_USERS or self.command in SYSTEM_COMMANDS:
            return "it belongs to the server itself or to a database replica"
        if BACKUP_USERS.search(self.user) or BACKUP_STATEMENTS.search(self.statement):
            return "it belongs to a backup or to a database replica"
        return ""

    @property
    def runs_client_statement(self) -> bool:
        """Whether the session runs a statement that a client can repeat."""
        plain = COMMENTS.sub("", self.statement)
        return not self.is_idle and bool(CLIENT_STATEMENTS.match(plain))


def read_process_list(session: Session) -> Mapping[int, Process]:
    """Return id → session, for all sessions except this one. Raises `DatabaseError`.

    The sessions that have run or idled longest come first.
    """
    transactions = {
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
    return {int(row[0]): _process(row, transactions.get(int(row[0]))) for row in rows}


def _process(row: Sequence[object], transaction_seconds: int | None) -> Process:
    session_id, user, host, schema, command, seconds, state, statement = row
    return Process(
        id=int(str(session_id)),
        user=str(user or ""),
        host=str(host or ""),
        schema=str(schema or ""),
        command=str(command or ""),
        seconds=max(0, int(str(seconds or 0))),
        state=str(state or ""),
        statement=_text(statement),
        transaction_seconds=transaction_seconds,
    )


def _text(statement: object) -> str:
    if isinstance(statement, bytes):
        return statement.decode("utf-8", "replace")
    return str(statement or "")


def kill(session: Session, session_id: int, *, statement_only: bool) -> None:
    """End the session with this id, or only its statement. Raises `DatabaseError`."""
    session.execute("KILL QUERY %s" if statement_only else "KILL %s", session_id)
