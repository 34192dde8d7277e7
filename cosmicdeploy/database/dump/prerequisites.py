"""What a dump, a load or a swap would not do faithfully is refused before anything is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

from cosmicdeploy.database.backups.manifest import Manifest
from cosmicdeploy.database.dump_format.bodies import require_loadable_bodies
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.privileges import (
    TO_DUMP,
    TO_RESTORE,
    require_definers,
    require_rights,
)
from cosmicdeploy.database.schema.recreate import broken_views, require_creatable
from cosmicdeploy.database.schema.schemas import before_name, record_name, shadow_name
from cosmicdeploy.errors import BackupError

TRANSACTIONAL = "InnoDB"
# A dump has their definition alone: the data is elsewhere, or nowhere.
WITHOUT_DATA = frozenset({"CONNECT", "SPIDER", "FEDERATED", "MRG_MYISAM", "BLACKHOLE", "SPHINX"})

# Why some tables are refused, and what to do.
SEQUENCES = (
    "sequences are bound to the schema's name and not part of a snapshot",
    "use AUTO_INCREMENT, or move them to a schema of their own",
)
VERSIONED = (
    "a dump leaves out the history of system-versioned tables",
    "ALTER TABLE … DROP SYSTEM VERSIONING, or back their schema up by other means",
)
OTHERS = ("tables of an unknown kind", "move them to a schema of their own")
DATALESS = (
    "a dump leaves out the data of tables that lie elsewhere",
    "move them to a schema of their own",
)
MIXED = (
    f"a dump of tables that are not {TRANSACTIONAL} is inconsistent",
    f"ALTER TABLE … ENGINE={TRANSACTIONAL}",
)
KEEP_FREE_BYTES = 64 << 20


def require_dumpable(facts: Facts, *, exact: bool = True) -> None:
    """Raise `BackupError` where a dump would not be one consistent moment of everything.

    That includes what the user may not see or read, and what could not be made anew elsewhere;
    unless `exact` is False, also FLOAT values that come back rounded.
    """
    require_rights(facts.session, [facts.schema], TO_DUMP)
    _require_dumpable_tables(facts)
    require_working_views(facts)
    if exact:
        _require_exact_numbers(facts)
    objects = facts.definitions().objects
    require_creatable(objects)
    require_loadable_bodies(objects)


def _require_dumpable_tables(facts: Facts) -> None:
    engines = facts.engines()
    kinds = facts.other_tables()
    empty = {name: kind for name, kind in engines.items() if kind.upper() in WITHOUT_DATA}
    mixed = {name: kind for name, kind in engines.items() if kind != TRANSACTIONAL}
    refused = (
        (_of_kind(kinds, "SEQUENCE"), *SEQUENCES),
        (_of_kind(kinds, "SYSTEM VERSIONED"), *VERSIONED),
        (kinds, *OTHERS),
        (empty, *DATALESS),
        (mixed, *MIXED),
    )
    for found, why, todo in refused:
        if found:
            named = ", ".join(f"{name} ({kind})" for name, kind in found.items())
            raise BackupError(f"{why}: {named}", where=facts.session.where, todo=todo)


def _require_exact_numbers(facts: Facts) -> None:
    if rounded := facts.rounded_columns():
        raise BackupError(
            f"a dump rounds FLOAT values to 6 digits: {', '.join(rounded)}",
            where=facts.session.where,
            todo="make them DOUBLE, or live with it: backup.exact: false",
        )


def _of_kind(kinds: dict[str, str], wanted: str) -> dict[str, str]:
    return {name: kind for name, kind in kinds.items() if kind == wanted}


def require_working_views(facts: Facts) -> None:
    """Raise `BackupError` where a view cannot be read: a dump ends at it."""
    broken = broken_views(facts.session, facts.definitions())
    if broken:
        raise BackupError(
            f"views that cannot be read: {', '.join(broken)}",
            where=facts.session.where,
            todo="make what they read again (a table, a column, a definer), or drop them",
            details=tuple(broken.values()),
        )


def require_room(folder: Path, expected_bytes: int) -> None:
    """Raise `BackupError` where a backup might fill the disk.

    The data's size stands for the compressed dump's, which is smaller unless it is all noise; a
    full disk may stop the database itself, so some room is left.
    """
    free = shutil.disk_usage(folder).free
    if free < expected_bytes + KEEP_FREE_BYTES:
        raise no_room(folder, f"{free >> 20} MiB free, {expected_bytes >> 20} MiB of data")


def no_room(folder: Path, detail: str) -> BackupError:
    """The error for a disk that is full or would be."""
    return BackupError(
        f"no room for the backup: {detail}",
        where=str(folder),
        todo="free space there, or choose another backup folder",
    )


def require_loadable(manifest: Manifest, facts: Facts) -> None:
    """Raise `BackupError` where loading this backup beside the live schema could touch that."""
    where = f"backup {manifest.id}"
    if manifest.schema_statements:
        raise BackupError(
            "the dump changes a schema by name and could touch the live one",
            where=where,
            todo="restore it by hand on another server",
            details=manifest.schema_statements,
        )
    vendor = facts.server().vendor
    if vendor != manifest.server_vendor:
        raise BackupError(
            f"it was dumped from {manifest.server_vendor}, and this server is {vendor}",
            where=where,
            todo="restore it on a server of its own kind",
        )
    require_rights(facts.session, _touched(facts.schema), TO_RESTORE)
    require_definers(facts.session, manifest.definers)


def _touched(live: str) -> tuple[str, ...]:
    return live, shadow_name(live), before_name(live), record_name(live)


def require_swappable(facts: Facts) -> None:
    """Raise `BackupError` where a schema's tables cannot be moved to another by name alone."""
    refused = {
        "sequences or versioned tables": facts.other_tables(),
        "foreign keys across schemas": facts.keys_across_schemas(),
    }
    lines = [f"{kind}: {', '.join(names)}" for kind, names in refused.items() if names]
    if lines:
        raise BackupError(
            f"a schema with {' and '.join(kind for kind, names in refused.items() if names)}"
            " cannot be swapped",
            where=facts.schema,
            todo="restore by hand, or drop them and create them again afterwards",
            details=lines,
        )
