"""Lock waits: which session waits for another to release a row or a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cosmicdeploy.database.session import Session
from cosmicdeploy.database.sessions.process_list import Process

# A table that a MariaDB plugin adds to information_schema: which session holds which table lock.
LOCK_PLUGIN = "metadata_lock_info"


@dataclass(frozen=True, kw_only=True)
class RowWait:
    """The session `waiter` has waited `seconds` for rows that the session `blocker` has locked."""

    waiter: int
    blocker: int
    seconds: int


def row_waits(session: Session) -> list[RowWait]:
    """Return which sessions wait for locked rows; empty if the server does not list such waits.

    Raises `DatabaseError`.
    """
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


def table_lock_holders(
    session: Session, processes: Mapping[int, Process], waiter: Process, schema: str
) -> list[Process]:
    """Return the sessions that may hold the table lock that `waiter` waits for.

    `processes` are all sessions by id; those that wait for a table lock themselves are left out.
    If the server has the plugin for table locks, the result is the sessions that hold a lock on a
    table named in the waiter's statement. Otherwise it is the sessions that use `schema` or no
    schema, and whose transaction began before the wait. Raises `DatabaseError`.
    """
    others = [each for each in processes.values() if not each.waits_for_table_lock]
    if _has_table(session, LOCK_PLUGIN.upper()):
        holding = _locked_tables(session, schema)
        return [each for each in others if _names_any(waiter.statement, holding.get(each.id, ()))]
    return [
        each
        for each in others
        if each.schema in (schema, "")
        and each.transaction_seconds is not None
        and each.transaction_seconds >= waiter.seconds
    ]


def _names_any(statement: str, tables: Collection[str]) -> bool:
    return any(re.search(rf"\b{re.escape(table)}\b", statement) for table in tables)


def _locked_tables(session: Session, schema: str) -> dict[int, list[str]]:
    tables: dict[int, list[str]] = {}
    rows = session.rows(
        "SELECT thread_id, table_name FROM information_schema.metadata_lock_info"
        " WHERE table_schema = %s AND table_name <> ''",
        schema,
    )
    for thread, table in rows:
        tables.setdefault(int(thread), []).append(str(table))
    return tables


def has_lock_plugin(session: Session) -> bool:
    """Return whether the server has the plugin that lists which session holds which table lock."""
    return _has_table(session, LOCK_PLUGIN.upper())


def tables_in_use(session: Session, schema: str) -> list[str]:
    """Return the tables that LOCK TABLES or a running statement holds. Raises `DatabaseError`."""
    rows = session.rows("SHOW OPEN TABLES WHERE `Database` = %s AND In_use > 0", schema)
    return sorted(str(row[1]) for row in rows)


def _has_table(session: Session, name: str) -> bool:
    return bool(
        session.rows(
            "SELECT 1 FROM information_schema.tables"
            " WHERE table_schema = 'information_schema' AND table_name = %s",
            name,
        )
    )
