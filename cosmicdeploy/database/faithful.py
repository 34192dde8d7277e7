"""What a dump, a load or a swap would not do faithfully is refused before anything is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

from cosmicdeploy.database.facts import Facts
from cosmicdeploy.database.manifest import Manifest
from cosmicdeploy.errors import BackupError

TRANSACTIONAL = "InnoDB"
KEEP_FREE_BYTES = 64 << 20


def require_dumpable(facts: Facts) -> None:
    """Raise `BackupError` where a dump would not be one consistent moment of everything."""
    where = facts.session.where
    mixed = [f"{name} ({kind})" for name, kind in facts.engines().items() if kind != TRANSACTIONAL]
    if mixed:
        raise BackupError(
            f"a dump of tables that are not {TRANSACTIONAL} is inconsistent: {', '.join(mixed)}",
            where=where,
            todo=f"ALTER TABLE … ENGINE={TRANSACTIONAL}",
        )
    if others := facts.other_tables():
        raise BackupError(
            f"sequences or system-versioned tables are not supported: {', '.join(others)}",
            where=where,
            todo="move them to a schema of their own",
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
