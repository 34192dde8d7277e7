"""What the journal has of the schema before migrations ran: the `before` of the step `migrate`."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from cosmicdeploy.database.bookkeeping import LARAVEL, Bookkeeping
from cosmicdeploy.database.schema.objects import TABLE
from cosmicdeploy.migrations.frameworks.answers.history import before as with_those_before

Before = Mapping[str, Any]


def recorded_tables(bookkeeping: Bookkeeping | None) -> dict[str, list[str]]:
    """Return what the journal records of the framework's own tables; nothing for Laravel's."""
    if bookkeeping == LARAVEL:
        return {}
    return {"bookkeeping": sorted(bookkeeping.tables) if bookkeeping else []}


def own_tables(before: Before) -> Set[str]:
    """Return the names of the tables that the framework keeps for itself."""
    return frozenset(before.get("bookkeeping", LARAVEL.tables))


def keeps_a_table(before: Before) -> bool:
    """Whether the framework has a table that records which migrations have run."""
    return bool(own_tables(before))


def was_empty(before: Before) -> bool:
    """Whether the schema had no table before its first migrations, except the framework's own.

    False if migrations were applied before these, and for a record of an earlier version.
    """
    objects = None if before["applied"] else before.get("objects")
    return objects is not None and not any(
        kind == TABLE and name not in own_tables(before) for kind, name in objects
    )


def applied_since(before: Before, recorded: Set[str]) -> set[str]:
    """Return the migrations that are applied, given those `recorded` in the framework's table.

    If the table has only the newest migrations, adds their ancestors: the journal has the parents
    of the migrations that were pending.
    """
    parents = {name: tuple(names) for name, names in (before.get("parents") or {}).items()}
    return with_those_before(recorded, parents)


def ran_since(before: Before, recorded: Set[str]) -> set[str]:
    """Return the migrations that have run since the state `before`.

    `recorded` are those in the framework's table now.
    """
    ran = applied_since(before, recorded) - set(before["applied"])
    # The parents may also show migrations that had run before, so only pending ones count.
    return ran & set(before["names"] or ()) if before.get("parents") else ran
