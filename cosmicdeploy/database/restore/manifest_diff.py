"""Compare a schema with the manifest of a backup."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts, Table
from cosmicdeploy.database.schema.rebuilding.relocation import unqualified
from cosmicdeploy.database.schema.rebuilding.structure import table_digests
from cosmicdeploy.database.schema.row_checksums import Rows, are_comparable, checksum_rows
from cosmicdeploy.database.schema.tables.outline import column_changes
from cosmicdeploy.database.schema.tables.table_texts import read_table_texts


@dataclass(frozen=True, kw_only=True)
class RowDifference:
    """A table whose number of rows in a backup differs from that in the schema now.

    None means that the table does not exist in the backup, or in the schema now.
    """

    table: str
    backup: int | None
    now: int | None


def read_rows(
    facts: Facts, with_checksum: Collection[str], before_each: Callable[[], object] = lambda: None
) -> dict[str, Rows]:
    """Return table → its rows, for all tables.

    Only the tables named in `with_checksum` get a checksum. `before_each` is called before each
    table, and may raise an error to stop.
    """
    rows: dict[str, Rows] = {}
    for name in facts.engines():
        before_each()
        rows[name] = (
            checksum_rows(facts.session, facts.schema, name)
            if name in with_checksum
            else Rows(count=facts.count(name))
        )
    return rows


def differences(
    backup: Backup, facts: Facts, rows_loaded: Mapping[str, Rows] | None = None
) -> list[str]:
    """Return how the schema of a loaded backup differs from the backup; empty if they match.

    Compares the number of rows of a table if the manifest has the exact number, and the values of
    the rows if the backup has their checksum. `rows_loaded` is table → rows in the loaded schema;
    if None, they are read. Ignores scheduled events, since a load leaves them out.
    """
    manifest, objects = backup.manifest, backup.manifest.objects
    loaded = read_rows(facts, backup.checksums) if rows_loaded is None else rows_loaded
    reasons = [
        *_names("tables", tuple(objects.tables), tuple(loaded)),
        *_names("views", objects.views, facts.views()),
        *_names("triggers", objects.triggers, facts.triggers()),
        *_names("routines", objects.routines, facts.routines()),
    ]
    reasons += filter(None, (_row_difference(backup, name, loaded) for name in objects.tables))
    if facts.server().version == manifest.server_version:
        return [*reasons, *_structure(manifest, facts)]
    # Another server version may describe the same structure differently, so compare only columns.
    then = {name: manifest.outline[name] for name in objects.tables if name in manifest.outline}
    return [*reasons, *column_changes(then, facts.outline())]


def _row_difference(backup: Backup, name: str, loaded: Mapping[str, Rows]) -> str:
    """Return how a table's rows differ from the backup; "" if they match or are unknown."""
    if name not in loaded:
        return ""
    expected, rows = backup.manifest.objects.tables[name], loaded[name]
    if expected.is_exact and rows.count != expected.before:
        return f"table {name} has {rows.count} rows instead of {expected.before}"
    recorded = backup.checksums.get(name, "")
    if are_comparable(recorded, rows.checksum) and recorded != rows.checksum:
        return f"table {name} has other values in its rows than the backup (checksum)"
    return ""


def _structure(manifest: Manifest, facts: Facts) -> Iterator[str]:
    if facts.schema_digest(comparable_with=manifest.schema_digest) != manifest.schema_digest:
        yield "columns, indexes or constraints differ from the backup"
    texts = read_table_texts(facts.session, facts.schema)
    if changed := _changed(manifest.table_definitions, table_digests(texts)):
        yield f"tables differ from the backup: {', '.join(changed)}"
    if changed := _changed_objects(manifest, facts.definitions(), facts.schema):
        yield f"definitions differ from the backup: {', '.join(changed)}"


def _changed_objects(manifest: Manifest, loaded: Definitions, schema: str) -> list[str]:
    """Return the labels of objects whose definition or digest differs from the backup.

    Manifests of older versions hold only the digests of most objects.
    """
    if manifest.object_definitions is None:
        return _changed(manifest.definitions, loaded.digests())
    recorded = loaded.model_copy(update={"objects": manifest.recorded})
    then, now = unqualified(recorded, manifest.database), unqualified(loaded, schema)
    altered = _changed(manifest.definitions, recorded.digests())
    return sorted({*altered, *_changed(then.digests(), now.digests())})


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
