"""Which sessions may be ended: only sessions of clients."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.database.sessions.process_list import Process


def session(**facts: Any) -> Process:
    defaults: dict[str, Any] = {
        "id": 9,
        "user": "shop",
        "host": "10.0.0.5:41234",
        "schema": "shop",
        "command": "Query",
        "seconds": 60,
        "statement": "SELECT 1",
    }
    return Process(**{**defaults, **facts})


@pytest.mark.parametrize(
    "facts",
    [
        {"user": "system user", "command": "Slave_SQL"},
        {"user": "event_scheduler", "command": "Daemon"},
        {"user": "replica", "command": "Binlog Dump"},
        {"user": "repl"},
        {"user": "nightly_backup"},
        {"user": "root", "statement": "SELECT /*!40001 SQL_NO_CACHE */ `id` FROM `remotes`"},
        {"user": "root", "statement": "FLUSH TABLES WITH READ LOCK"},
        {"user": "root", "statement": "BACKUP STAGE BLOCK_COMMIT"},
    ],
)
def test_sessions_of_the_system_replication_and_backups_are_protected(
    facts: dict[str, Any],
) -> None:
    assert session(**facts).protection


def test_a_client_is_not_protected() -> None:
    assert session().protection == ""
    assert session(command="Sleep", statement="").protection == ""


@pytest.mark.parametrize(
    ("statement", "client"),
    [
        ("SELECT SLEEP(60)", True),
        ("/* from: report */ select * from remotes", True),
        ("-- report\nWITH a AS (SELECT 1) SELECT * FROM a", True),
        ("(SELECT 1) UNION (SELECT 2)", True),
        ("UPDATE remotes SET status = 'x'", True),
        ("ALTER TABLE remotes ADD x INT", False),
        ("/* SELECT */ OPTIMIZE TABLE remotes", False),
        ("LOAD DATA INFILE 'x' INTO TABLE remotes", False),
        ("SELECTED", False),
    ],
)
def test_only_repeatable_statements_count_as_client_statements(
    statement: str, client: bool
) -> None:
    assert session(statement=statement).runs_client_statement is client


def test_an_idle_session_runs_nothing() -> None:
    assert not session(command="Sleep").runs_client_statement
