"""Lock waits: which session waits for another to release a row or a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cosmicdeploy.database.session import Session
from cosmicdeploy.database.sessions.process_list import Process


@dataclass(frozen=True, kw_only=True)
class RowWait:
    """The session `waiter` has waited `seconds` for rows that the session `blocker` has locked."""

    waiter: int
    blocker: int
    seconds: int


def row_waits(session: Session) -> list[RowWait]:
    """Return which sessions wait for locked rows. Raises `DatabaseError`."""
    rows = session.rows(session.vendor.row_waits)
    return [RowWait(waiter=int(w), blocker=int(b), seconds=int(s)) for w, b, s in rows]


def table_lock_holders(
    session: Session, processes: Mapping[int, Process], waiter: Process, schema: str
) -> list[Process]:
    """Return the sessions that may hold the table lock that `waiter` waits for.

    `processes` are all sessions by id. If the server lists table locks, returns the sessions that
    hold a lock on a table named in the waiter's statement. Otherwise returns the sessions that use
    `schema` or no schema, and whose transaction began before the wait. In both cases, sessions that
    wait for a table lock themselves are left out. Raises `DatabaseError`.
    """
    others = [each for each in processes.values() if not each.waits_for_table_lock]
    if lists_table_locks(session):
        locked = _locked_tables(session, schema)
        return [each for each in others if _names_any(waiter.statement, locked.get(each.id, ()))]
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
    """Return session id → the tables of the schema on which the session holds a lock."""
    tables: dict[int, list[str]] = {}
    for session_id, table in session.rows(session.vendor.table_locks, schema):
        tables.setdefault(int(session_id), []).append(str(table))
    return tables


def lists_table_locks(session: Session) -> bool:
    """Return whether the server lists which session holds which table's lock.

    Raises `DatabaseError`.
    """
    return bool(session.rows(session.vendor.lists_table_locks))


def tables_in_use(session: Session, schema: str) -> list[str]:
    """Return the names of a schema's tables that LOCK TABLES or a running statement holds, sorted.

    Raises `DatabaseError`.
    """
    rows = session.rows("SHOW OPEN TABLES WHERE `Database` = %s AND In_use > 0", schema)
    return sorted(str(row[1]) for row in rows)
