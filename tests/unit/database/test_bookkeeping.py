"""The table of each framework is read as the framework writes it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.database.bookkeeping import LARAVEL, Bookkeeping
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.migrations.frameworks.reading import framework, known_frameworks

pytestmark = pytest.mark.unit


class Table:
    """A session with one table; `rows` are its rows, with the columns that are read."""

    def __init__(self, bookkeeping: Bookkeeping, rows: list[tuple[Any, ...]]) -> None:
        self.name, self.own = bookkeeping.table, rows
        self.columns = [*bookkeeping.read_columns, *bookkeeping.order]
        self.sql = ""

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        if "information_schema.columns" in sql:
            names = self.columns if parameters[1] == self.name else []
            return [(name.upper(),) for name in names]
        self.sql = sql
        return self.own


def applied(name: str, rows: list[tuple[Any, ...]]) -> list[str]:
    bookkeeping = framework(name).bookkeeping
    assert bookkeeping
    session: Any = Table(bookkeeping, rows)
    return list(Facts(session, "shop", bookkeeping).applied_migrations())


def test_laravels_table_has_batches() -> None:
    session: Any = Table(LARAVEL, [("a", 1), ("b", 2)])
    facts = Facts(session, "shop")
    assert facts.applied_migrations() == {"a": 1, "b": 2}
    assert facts.highest_batch() == 2
    assert re.sub("[`]", "", session.sql) == (
        "SELECT migration, batch FROM shop.migrations ORDER BY batch, migration"
    )
    session = Table(replace(LARAVEL, table="other"), [])
    assert Facts(session, "shop").applied_migrations() == {}
    assert Facts(session, "shop", None).applied_migrations() == {}
    assert not Facts(session, "shop", None).has_bookkeeping()


def test_a_table_of_another_program_is_named() -> None:
    """Such as that of TypeORM, which has the same name as that of Laravel."""
    session: Any = Table(LARAVEL, [])
    session.columns = ["id", "timestamp", "name"]
    with pytest.raises(
        DatabaseError, match=r"table migrations .* has no column migration"
    ) as caught:
        Facts(session, "shop").applied_migrations()
    assert "migrate.framework" in caught.value.todo


def test_the_name_may_be_in_two_columns() -> None:
    assert applied("django", [("shop", "0001_initial"), ("auth", "0001_initial")]) == [
        "shop.0001_initial",
        "auth.0001_initial",
    ]


def test_knex_counts_runs() -> None:
    assert applied("knex", [("a.js", 1), ("b.js", 2)]) == ["a.js", "b.js"]


def test_a_migration_of_prisma_that_failed_or_was_rolled_back_has_not_run() -> None:
    rows = [("a", "2026-01-01", None), ("b", None, None), ("c", "2026-01-01", "2026-01-02")]
    assert applied("prisma", rows) == ["a"]


def test_a_migration_of_flyway_may_be_withdrawn_and_run_again() -> None:
    rows = [
        (None, "<< Flyway Schema Creation >>", 1, "SCHEMA", "SCHEMA"),
        ("1", "first", 1, "SQL", "SQL"),
        ("2", "second", 1, "SQL", "SQL"),
        ("2", "second", 1, "UNDO_SQL", "UNDO_SQL"),
        ("3", "third", 0, "SQL", "SQL"),
        (None, "views", 1, "SQL", "SQL"),
        ("1", "first", 1, "DELETE", "DELETE"),
        ("2", "second", 1, "SQL", "SQL"),
        (None, "views", 1, "SQL", "SQL"),
    ]
    assert applied("flyway", rows) == ["2", "views"]


def test_only_what_runs_migrations_has_a_table_of_its_own() -> None:
    tables = {name: framework(name).bookkeeping for name in known_frameworks()}
    assert [name for name, table in tables.items() if table is None] == ["none"]
    assert tables["laravel"] == LARAVEL
    assert tables["knex"] and tables["knex"].tables == {"knex_migrations", "knex_migrations_lock"}
