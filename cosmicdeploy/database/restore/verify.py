"""Is a backup still what its manifest says, and does it load?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cosmicdeploy.database.access import DatabaseAccess, open_session
from cosmicdeploy.database.backups.archive import Digest, read_compressed, read_raw
from cosmicdeploy.database.backups.catalogue import Backup
from cosmicdeploy.database.backups.manifest import Manifest
from cosmicdeploy.database.backups.manifest_diff import differences
from cosmicdeploy.database.client import end_tools
from cosmicdeploy.database.dump.progress import OnBytes, unheard
from cosmicdeploy.database.dump_format.scan import DumpScan
from cosmicdeploy.database.restore.load import load_schema
from cosmicdeploy.database.restore.routing import makes_event
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.recreate import set_default_collation
from cosmicdeploy.database.schema.schemas import (
    create_schema_like,
    drop_schema,
    scratch_name,
    scratch_schemas,
)
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import BackupError, BackupUnreadable


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Good where there is no reason against it."""

    backup_id: str
    reasons: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return not self.reasons

    def require(self) -> None:
        """Raise `BackupError` unless the backup is good."""
        if self.reasons:
            raise BackupError(
                f"the backup cannot be used: {self.reasons[0]}",
                where=f"backup {self.backup_id}",
                todo="use another one: cosmicdeploy backup list",
                details=self.reasons[1:],
            )


def verify_backup(backup: Backup, on_bytes: OnBytes = unheard) -> Verification:
    """Read the whole file again and compare it with the manifest. Raises `BackupUnreadable`."""
    manifest = backup.manifest
    if not backup.good:
        reasons = [f"it is {manifest.status}: {manifest.reason}".rstrip(": ")]
    else:
        try:
            reasons = _damage(backup, manifest, on_bytes)
        except BackupUnreadable:
            raise
        except BackupError as error:
            reasons = [str(error)]
    return Verification(backup_id=backup.id, reasons=tuple(reasons))


def verify_restore(
    engine: Engine, access: DatabaseAccess, backup: Backup, on_bytes: OnBytes = unheard
) -> Verification:
    """Load the backup into a scratch schema, compare, drop the schema: proven to restore.

    A backup that may not be loaded beside the live schema is not proven, with that as the reason.
    Raises `BackupUnreadable`, and `DatabaseError` and `EngineError` where these do not answer.
    """
    read = verify_backup(backup, on_bytes)
    if not read.good:
        return read
    end_unused_scratches(engine, access)
    with scratch_schema(access, backup) as schema:
        try:
            load_schema(access, backup, schema, on_bytes)
        except BackupUnreadable:
            raise
        except BackupError as error:
            return Verification(backup_id=backup.id, reasons=(str(error), *error.details))
        with open_session(access) as session:
            reasons = differences(backup.manifest, Facts(session, schema))
    return Verification(backup_id=backup.id, reasons=tuple(reasons))


@contextmanager
def scratch_schema(access: DatabaseAccess, backup: Backup) -> Iterator[str]:
    """An empty schema with the live one's defaults, dropped at the end whatever happens.

    A lock of its name tells others that it is in use.
    """
    schema = scratch_name(access.name)
    with open_session(access) as holder:
        holder.linger()
        holder.hold(schema)
        try:
            create_schema_like(holder, access.name, schema)
            set_default_collation(holder, schema, backup.manifest.collation)
            yield schema
        finally:
            with open_session(access) as session:
                drop_schema(session, schema)


def end_unused_scratches(engine: Engine, access: DatabaseAccess) -> None:
    """Drop what verifications that were killed left behind. Raises `DatabaseError`."""
    with open_session(access) as session:
        for schema in scratch_schemas(session, access.name):
            if session.hold(schema):
                end_tools(engine, access, schema)
                drop_schema(session, schema)


def _damage(backup: Backup, manifest: Manifest, on_bytes: OnBytes) -> list[str]:
    compressed = Digest()
    for chunk in read_compressed(backup.data):
        compressed.feed(chunk)
    # Damaged data is not worth decompressing: its own error would say less than this.
    if compressed.content != manifest.compressed:
        return ["the compressed data is not what was written (size or SHA-256 differs)"]
    raw, scan = Digest(), DumpScan()
    for chunk in read_raw(backup.data):
        raw.feed(chunk)
        scan.feed(chunk)
        on_bytes(raw.bytes)
    # A copy's manifest may be forged with it: what is loaded has to be a dump tool's work.
    foreign = sorted(scan.foreign - set(manifest.schema_statements))
    events = [event for event in manifest.event_definitions if not makes_event(event.statement)]
    checks = (
        (raw.content == manifest.raw, "the SQL is not what was dumped (size or SHA-256 differs)"),
        (scan.complete, "the dump lacks its closing line"),
        (scan.tables >= set(manifest.objects.tables), "tables are missing in the dump"),
        (not scan.opening_fault, f"{scan.opening_fault}: it is not the tool's own work"),
        (not foreign, f"the dump holds what no dump tool writes: {'; '.join(foreign)}"),
        (not events, f"the manifest has what makes no event: {', '.join(e.name for e in events)}"),
    )
    return [reason for passed, reason in checks if not passed]
