"""A schema beside a backup's manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cosmicdeploy.database.backups.manifest import Manifest
from cosmicdeploy.database.schema.facts import Facts, Table
from cosmicdeploy.database.schema.outline import column_changes


@dataclass(frozen=True, kw_only=True)
class RowDifference:
    """A table whose rows now differ in number from the backup's; None: no such table."""

    table: str
    backup: int | None
    now: int | None


def differences(manifest: Manifest, facts: Facts) -> list[str]:
    """Why a loaded schema is not what the manifest describes; empty where it is.

    Tables whose rows came and went during the dump cannot be compared by number; scheduled events
    are left out, since a load holds them back.
    """
    objects = manifest.objects
    found = {table.name: table.rows for table in facts.tables()}
    reasons = [
        *_names("tables", tuple(objects.tables), tuple(found)),
        *_names("views", objects.views, facts.views()),
        *_names("triggers", objects.triggers, facts.triggers()),
        *_names("routines", objects.routines, facts.routines()),
    ]
    for name, rows in objects.tables.items():
        if rows.steady and name in found and found[name] != rows.before:
            reasons.append(f"table {name} has {found[name]} rows instead of {rows.before}")
    if facts.server().version == manifest.server_version:
        return [*reasons, *_structure(manifest, facts)]
    # Another server version describes the same structure in other words.
    then = {name: manifest.outline[name] for name in objects.tables if name in manifest.outline}
    return [*reasons, *column_changes(then, facts.outline())]


def _structure(manifest: Manifest, facts: Facts) -> Iterator[str]:
    if facts.schema_digest() != manifest.schema_digest:
        yield "columns, indexes or constraints are not the backup's"
    if changed := _changed(manifest.definitions, facts.definitions().digests()):
        yield f"definitions are not the backup's: {', '.join(changed)}"


def row_differences(manifest: Manifest, tables: Iterable[Table]) -> list[RowDifference]:
    """What a restore would take away or bring back, by the number of rows."""
    then = {name: rows.before for name, rows in manifest.objects.tables.items()}
    today = {table.name: table.rows for table in tables}
    return [
        RowDifference(table=name, backup=then.get(name), now=today.get(name))
        for name in sorted({*then, *today})
        if then.get(name) != today.get(name)
    ]


def _changed(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """Those that differ; that some are missing is said elsewhere."""
    return sorted(label for label in {*then} & {*now} if then[label] != now[label])


def _names(kind: str, expected: tuple[str, ...], found: tuple[str, ...]) -> list[str]:
    missing, surplus = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    reasons = [f"{kind} are missing: {', '.join(missing)}"] if missing else []
    return [*reasons, f"{kind} too many: {', '.join(surplus)}"] if surplus else reasons
