"""On every server, `diagnose` names the session that other sessions wait for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.lock_waits import lists_table_locks, row_waits
from cosmicdeploy.database.sessions.process_list import read_process_list
from cosmicdeploy.operations.diagnosis.checks.database.database_load import lock_waits
from cosmicdeploy.operations.diagnosis.checks.database.table_locks import table_locks
from cosmicdeploy.process.polling import poll
from tests.stack.stacks.databases import NAME, Servers, cursor, renew, run

pytestmark = pytest.mark.stack

SECONDS = 30


@pytest.fixture(
    params=[
        "mysql-8",
        *(
            pytest.param(each, marks=pytest.mark.torture)
            for each in ("stable", "newest", "mysql-9")
        ),
    ]
)
def server(request: pytest.FixtureRequest, servers: Servers) -> Iterator[DatabaseAccess]:
    server = servers(request.param)
    renew(server)
    run(server, "CREATE TABLE t (id INT PRIMARY KEY, a INT)")
    run(server, "INSERT INTO t VALUES (1, 1)")
    yield server
    renew(server)


def stack(access: DatabaseAccess) -> Any:
    """Return a stand-in of a stack with only what the checks of database sessions use."""
    at_once = SimpleNamespace(slow_after=0, end_after=0)
    return SimpleNamespace(
        database=lambda: access,
        require_database=lambda: SimpleNamespace(user="root", name=NAME),
        settings=SimpleNamespace(services=SimpleNamespace(all=()), diagnose=at_once),
    )


@contextmanager
def blocked(server: DatabaseAccess, held: str, waiting: str) -> Iterator[tuple[int, int]]:
    """Hold a lock in one session while another session waits for the lock; yield both ids."""
    with cursor(server) as holder, cursor(server) as waiter:
        holder.execute("BEGIN")
        holder.execute(held)
        waiter.execute("SET innodb_lock_wait_timeout = 60, lock_wait_timeout = 60")
        thread = threading.Thread(target=waiter.execute, args=(waiting,))
        thread.start()
        try:
            yield holder.connection.thread_id(), waiter.connection.thread_id()
        finally:
            holder.connection.rollback()
            thread.join()


def test_the_session_that_has_locked_a_row_is_named(server: DatabaseAccess) -> None:
    update = "UPDATE t SET a = a + 1 WHERE id = 1"
    with blocked(server, update, update) as (holder, waiter), open_session(server) as session:
        poll(lambda: row_waits(session), until=bool, every=0.1, within=SECONDS)
        [wait] = row_waits(session)
        [finding] = lock_waits(stack(server))
    assert (wait.waiter, wait.blocker) == (waiter, holder)
    assert f"for rows that session {holder} (root@" in finding.description
    assert [line for line in finding.details if f"session {waiter} (root@" in line]
    assert [each for each in finding.remedies if f"end session {holder}" in each.description]


def test_the_session_that_holds_a_tables_lock_is_named(server: DatabaseAccess) -> None:
    def waits() -> bool:
        with open_session(server) as session:
            return any(each.waits_for_table_lock for each in read_process_list(session).values())

    with blocked(server, "SELECT * FROM t", "ALTER TABLE t ADD COLUMN b INT") as (holder, waiter):
        poll(waits, until=bool, every=0.1, within=SECONDS)
        [finding] = table_locks(stack(server))
        with open_session(server) as session:
            is_certain = lists_table_locks(session)
    assert f"session {waiter} (root@" in finding.description
    word = "held" if is_certain or finding.remedies else "perhaps held"
    assert [line for line in finding.details if line.startswith(f"{word} by session {holder} ")]
