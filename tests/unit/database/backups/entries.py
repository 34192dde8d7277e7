"""Backups with arbitrary data, for tests without a database."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import zstandard

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.manifest import Content, Manifest

SQL = b"/*M!999999\\- enable the sandbox mode */\n-- MariaDB dump 10.19\n" + b"not a dump " * 1000
DATA = zstandard.ZstdCompressor().compress(SQL)


def manifest(backup_id: str, database: str = "platform", project: str = "") -> Manifest:
    """Return a manifest whose time is the time in its id.

    By default, the manifest has no project, like the manifests of older versions.
    """
    new = Manifest(
        id=backup_id,
        created_at=datetime.strptime(backup_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC),
        database=database,
        server_vendor="MariaDB",
        server_version="10.11.19-MariaDB",
    )
    return new.updated(project=project)


def good(
    catalogue: Catalogue,
    backup_id: str,
    data: bytes = DATA,
    *,
    database: str = "platform",
    project: str = "",
    release: str = "",
    server_id: str = "",
) -> Backup:
    """Add a good backup to the catalogue and return it."""
    described = manifest(backup_id, database, project)
    partial = catalogue.begin(described.updated(release=release, server_id=server_id))
    partial.file.write(data)
    written = Content(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    partial.finish(partial.manifest.updated(status="good", compressed=written))
    return catalogue.get(backup_id)
