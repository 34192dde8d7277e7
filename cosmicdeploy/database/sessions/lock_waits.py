"""Who waits for whom: for rows, and for the lock on a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cosmicdeploy.database.session import Session
from cosmicdeploy.database.sessions.process_list import Process

# MariaDB's: it tells who holds which table's lock.
LOCK_PLUGIN = "metadata_lock_info"


@dataclass(frozen=True, kw_only=True)
class RowWait:
    """A session (by id) that waits for rows that another one has locked, for so many seconds."""

    waiter: int
    blocker: int
    seconds: int


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


def table_lock_holders(
    session: Session, found: Mapping[int, Process], waiter: Process, schema: str
) -> list[Process]:
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


def _has_table(session: Session, name: str) -> bool:
    return bool(
        session.rows(
            "SELECT 1 FROM information_schema.tables"
            " WHERE table_schema = 'information_schema' AND table_name = %s",
            name,
        )
    )
