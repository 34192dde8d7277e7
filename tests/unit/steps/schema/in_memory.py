"""A schema in memory that runs the statements that list and drop objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.database.bookkeeping import LARAVEL, Bookkeeping
from cosmicdeploy.database.schema.facts import Facts

NAME = re.compile(r"`shop`\.`([^`]+)`")


@dataclass
class Schema:
    """`tables` maps each table to its rows; `others` are the other objects, as kind and name."""

    tables: dict[str, list[Any]] = field(default_factory=dict)
    others: set[tuple[str, str]] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)

    def rows(self, sql: str, *_parameters: object) -> list[tuple[Any, ...]]:
        if "information_schema.tables" in sql:
            views = [(kind, name) for kind, name in self.others if kind == "VIEW"]
            return [*(("BASE TABLE", name) for name in self.tables), *views]
        if "information_schema.routines" in sql:
            return [each for each in self.others if each[0] == "PROCEDURE"]
        if "information_schema.events" in sql:
            return [(name,) for kind, name in self.others if kind == "EVENT"]
        if sql.startswith("CHECKSUM TABLE"):
            return [(f"shop.{name}", hash(str(self.tables[name]))) for name in NAME.findall(sql)]
        if sql.startswith("SELECT 1 FROM"):
            return [(1,)] if self.tables[NAME.findall(sql)[0]] else []
        raise AssertionError(sql)

    def execute(self, sql: str, *_parameters: object) -> None:
        names = NAME.findall(sql)
        if sql.startswith("LOCK TABLES"):
            self.locked = set(names)
        elif sql == "UNLOCK TABLES":
            self.locked = set()
        elif sql.startswith("DROP TABLE"):
            assert self.locked >= set(names), "a client could write in between"
            for name in names:
                del self.tables[name]
        elif sql.startswith("DROP"):
            kind = sql.split()[1]
            assert (kind, names[0]) in self.others
            self.others.remove((kind, names[0]))
        else:
            assert sql.startswith("SET SESSION")


class InMemoryFacts(Facts):
    """`Facts` on a schema in memory."""

    session: Any

    def ping(self) -> None:
        """There is nothing to reach."""

    def has_bookkeeping(self) -> bool:
        return self.bookkeeping is not None and self.bookkeeping.table in self.session.tables

    def applied_migrations(self) -> dict[str, int]:
        table = self.bookkeeping.table if self.bookkeeping else ""
        return dict.fromkeys(self.session.tables.get(table, ()), 1)

    def engines(self) -> dict[str, str]:
        return dict.fromkeys(self.session.tables, "InnoDB")

    def schema_digest(self, comparable_with: str | None = None) -> str:
        return str((sorted(self.session.tables), sorted(self.session.others)))


def opens(schema: Schema, bookkeeping: Bookkeeping | None = LARAVEL) -> Any:
    """Return a replacement of `open_facts` that opens this schema."""

    @contextmanager
    def open_facts(_access: object) -> Iterator[InMemoryFacts]:
        yield InMemoryFacts(schema, "shop", bookkeeping)  # type: ignore[arg-type]

    return open_facts
