"""Create random schemas on a server, and count the statements that the server refuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pymysql

from cosmicdeploy.database.access import DatabaseAccess
from tests.stack.database.generated.flavour import RandomSchema, Statement, identifier
from tests.stack.stacks.databases import NAME, cursor, renew

# The server's error numbers for a statement that needs a missing object, such as a refused table.
# They are not counted: the statement itself may be valid.
DEPENDENT = frozenset({1146, 1824, 1305, 1449})
LONGEST_EXAMPLE = 200


@dataclass
class Tally:
    """Counts of a run: `created` counts the created objects and rows by feature.

    `reasons` counts the server's refusals by feature and error number. `examples` has the first
    error message of each such pair. `restored` and `refused` count schemas. `failed` counts schemas
    whose backup failed in the proof of its structure. `named` counts refused and failed schemas by
    the first words of the error. `empty` counts schemas of which the server accepted no table.
    """

    created: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, int]] = field(default_factory=Counter)
    examples: dict[tuple[str, int], str] = field(default_factory=dict)
    named: Counter[str] = field(default_factory=Counter)
    restored: int = 0
    refused: int = 0
    failed: int = 0
    empty: int = 0

    @property
    def schemas(self) -> int:
        """Return the number of schemas whose backup was tried."""
        return self.restored + self.refused + self.failed

    def share_refused(self, *features: str) -> float:
        """Return the share of these features' statements that the server refused."""
        lost = sum(count for (feature, _), count in self.reasons.items() if feature in features)
        kept = sum(self.created[feature] for feature in features)
        return lost / max(1, lost + kept)

    def __str__(self) -> str:
        lines = [
            f"{self.restored} restored, {self.refused} refused by name before the dump,"
            f" {self.failed} failed by name in the proof,"
            f" {self.empty} without a table that the server accepts"
        ]
        lines += [f"  refused: {count} × {why}" for why, count in self.named.most_common()]
        lines += [f"  created: {count} × {what}" for what, count in self.created.most_common()]
        for (feature, number), count in self.reasons.most_common():
            example = self.examples[feature, number]
            lines.append(f"  {feature} refused by the server: {count} × {number} {example}")
        return "\n".join(lines)


def create(
    access: DatabaseAccess, charset: str, schemas: Sequence[RandomSchema], tally: Tally | None
) -> list[RandomSchema]:
    """Create random schemas in the server's empty schema; return them without refused statements.

    Leaves out a schema of which the server accepts no table. Counts in `tally`, unless it is None.
    """
    renew(access, charset)
    tally = tally or Tally()
    taken = []
    with cursor(access) as opened:
        # InnoDB's strict mode stays on: without it, the server creates tables that no restore can
        # load.
        opened.execute("SET NAMES utf8mb4, SESSION foreign_key_checks = 1")
        for schema in schemas:
            kept = tuple(
                each for each in schema.statements if _is_accepted(opened, charset, each, tally)
            )
            if any(each.kind == "TABLE" for each in kept):
                taken.append(RandomSchema(kept))
            else:
                tally.empty += 1
                drop(access, [RandomSchema(kept)])
    return taken


def _is_accepted(opened: Any, charset: str, statement: Statement, tally: Tally) -> bool:
    try:
        opened.execute(f"SET sql_mode = '{statement.sql_mode}'")
        if statement.collation:
            opened.execute(f"ALTER DATABASE `{NAME}` COLLATE {charset}{statement.collation}")
        opened.execute(statement.sql)
    except pymysql.MySQLError as error:
        number, text = error.args[:2]
        if number not in DEPENDENT:
            tally.reasons[statement.feature, number] += 1
            tally.examples.setdefault((statement.feature, number), str(text)[:LONGEST_EXAMPLE])
        return False
    tally.created[statement.feature] += 1
    return True


def drop(access: DatabaseAccess, schemas: Sequence[RandomSchema]) -> None:
    """Drop all objects of these schemas."""
    with cursor(access) as opened:
        opened.execute("SET foreign_key_checks = 0")
        for schema in schemas:
            for each in reversed(schema.statements):
                if each.kind != "ROW":
                    with suppress(
                        pymysql.MySQLError
                    ):  # the server drops a table's triggers with the table
                        opened.execute(f"DROP {each.kind} {identifier(each.name)}")
