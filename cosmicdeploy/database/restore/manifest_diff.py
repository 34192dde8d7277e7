"""Compare a schema with the manifest of a backup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts, Table
from cosmicdeploy.database.schema.outline import column_changes
from cosmicdeploy.database.schema.rebuilding.relocation import unqualified
from cosmicdeploy.database.schema.rebuilding.structure import read_tables, table_digests


@dataclass(frozen=True, kw_only=True)
class RowDifference:
    """A table whose number of rows in a backup differs from that in the schema now.

    None means that the table does not exist in the backup, or in the schema now.
    """

    table: str
    backup: int | None
    now: int | None


def differences(manifest: Manifest, facts: Facts) -> list[str]:
    """Return how the schema of a loaded backup differs from the manifest; empty if they match.

    Compares the number of rows of a table only if the manifest has the exact number. Ignores
    scheduled events, since a load leaves them out.
    """
    objects = manifest.objects
    loaded = {table.name: table.rows for table in facts.tables()}
    reasons = [
        *_names("tables", tuple(objects.tables), tuple(loaded)),
        *_names("views", objects.views, facts.views()),
        *_names("triggers", objects.triggers, facts.triggers()),
        *_names("routines", objects.routines, facts.routines()),
    ]
    for name, rows in objects.tables.items():
        if rows.is_exact and name in loaded and loaded[name] != rows.before:
            reasons.append(f"table {name} has {loaded[name]} rows instead of {rows.before}")
    if facts.server().version == manifest.server_version:
        return [*reasons, *_structure(manifest, facts)]
    # Another server version may describe the same structure differently, so compare only columns.
    then = {name: manifest.outline[name] for name in objects.tables if name in manifest.outline}
    return [*reasons, *column_changes(then, facts.outline())]


def _structure(manifest: Manifest, facts: Facts) -> Iterator[str]:
    if facts.schema_digest() != manifest.schema_digest:
        yield "columns, indexes or constraints differ from the backup"
    if changed := _changed(manifest.table_definitions, table_digests(read_tables(facts))):
        yield f"tables differ from the backup: {', '.join(changed)}"
    if changed := _changed(*_definitions(manifest, facts.definitions(), facts.schema)):
        yield f"definitions differ from the backup: {', '.join(changed)}"


def _definitions(
    manifest: Manifest, loaded: Definitions, schema: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the digests of the backup's objects and of the loaded ones, to compare them.

    The manifests of older versions hold only digests of most objects.
    """
    if manifest.object_definitions is None:
        return manifest.definitions, loaded.digests()
    recorded = loaded.model_copy(update={"objects": manifest.recorded})
    return (
        unqualified(recorded, manifest.database).digests(),
        unqualified(loaded, schema).digests(),
    )


def row_differences(manifest: Manifest, tables: Iterable[Table]) -> list[RowDifference]:
    """Return the tables whose number of rows a restore of this backup would change."""
    then = {name: rows.before for name, rows in manifest.objects.tables.items()}
    today = {table.name: table.rows for table in tables}
    return [
        RowDifference(table=name, backup=then.get(name), now=today.get(name))
        for name in sorted({*then, *today})
        if then.get(name) != today.get(name)
    ]


def _changed(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return the names that are in both mappings with different digests."""
    return sorted(label for label in {*then} & {*now} if then[label] != now[label])


def _names(kind: str, expected: tuple[str, ...], loaded: tuple[str, ...]) -> list[str]:
    missing = sorted(set(expected) - set(loaded))
    surplus = sorted(set(loaded) - set(expected))
    reasons = [f"missing {kind}: {', '.join(missing)}"] if missing else []
    return [*reasons, f"unexpected {kind}: {', '.join(surplus)}"] if surplus else reasons
