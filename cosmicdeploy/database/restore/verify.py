"""Verify a backup: compare its data with its manifest, or load it as a test."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.archive import (
    Digest,
    OnBytes,
    ignore_progress,
    read_compressed,
    read_raw,
)
from cosmicdeploy.database.backups.on_disk.manifest import Manifest, now
from cosmicdeploy.database.backups.on_disk.state import State, VerificationRecord
from cosmicdeploy.database.dump_format.recorded import unrecognized
from cosmicdeploy.database.dump_format.scan import DumpScan
from cosmicdeploy.database.restore.load import load_schema
from cosmicdeploy.database.restore.manifest_diff import differences, read_rows
from cosmicdeploy.database.schema.creatable import require_creatable_events
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.privileges import require_scratch_privileges
from cosmicdeploy.database.schema.schemas import scratch_name, temporary_schema
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.tools.cleanup import drop_unused_scratch_schemas
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import BackupError, BackupUnreadable


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The result of a verification; `reasons` say why it failed, and are empty if it passed.

    `checksums` is table → checksum of the loaded rows, if checksums were computed. `notes` say what
    a restore cannot create as it was, although the verification passed.
    """

    backup_id: str
    reasons: tuple[str, ...] = ()
    checksums: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.reasons

    def require(self) -> None:
        """Raise `BackupError` unless the verification passed."""
        if self.reasons:
            raise BackupError(
                f"The backup cannot be used: {self.reasons[0]}",
                where=f"backup {self.backup_id}",
                todo="use another backup: `cosmicdeploy backup list`",
                details=self.reasons[1:],
            )


def verify_backup(backup: Backup, on_bytes: OnBytes = ignore_progress) -> Verification:
    """Read all data of a backup and compare it with the manifest.

    A backup whose status is not "good" fails. Raises `BackupUnreadable` if the operating system
    cannot read the data.
    """
    manifest = backup.manifest
    if not backup.is_good:
        reasons = [f"it is {manifest.status}: {manifest.reason}".rstrip(": ")]
    else:
        try:
            reasons = _damage(backup, manifest, on_bytes)
        except BackupUnreadable:
            raise
        except BackupError as error:
            reasons = [str(error)]
    return Verification(backup_id=backup.id, reasons=tuple(reasons))


@dataclass(frozen=True, kw_only=True)
class RestoreTest:
    """How to test that a backup restores.

    `data`: compute the checksums of all tables, even of those without a recorded checksum.
    `connections` is how many connections load the rows; by default `connection_count()`. `schema`
    is the name of the scratch schema, from `scratch_name`; if "", a random name is used.
    """

    data: bool = False
    connections: int | None = None
    schema: str = ""


def verify_restore(
    engine: Engine,
    access: DatabaseAccess,
    backup: Backup,
    on_bytes: OnBytes = ignore_progress,
    how: RestoreTest = RestoreTest(),
) -> Verification:
    """Test that a backup restores: load it into a scratch schema, compare, and drop the schema.

    Also tries to create the events, which a load leaves out; the server does not run them.

    A backup that must not be loaded on this server fails the verification. Raises `BackupError` if
    the user may not create and fill the scratch schema, `BackupUnreadable` if the operating system
    cannot read the data, `DatabaseError` or `EngineError` if the server or the engine does not
    answer.
    """
    read = verify_backup(backup, on_bytes)
    if not read.passed:
        return read
    with open_session(access) as session:
        require_scratch_privileges(session, access.name)
    drop_unused_scratch_schemas(engine, access)
    with scratch_schema(access, backup, how.schema) as schema:
        try:
            load_schema(access, backup, schema, on_bytes, connections=how.connections)
            on_bytes(0)  # the caller may raise here, to stop
            with open_session(access) as session:
                session.use(schema)  # `end_sessions` then ends this session too
                facts = Facts(session, schema)
                with_checksum = facts.engines() if how.data else backup.checksums
                rows = read_rows(facts, with_checksum, lambda: on_bytes(0))
                reasons = differences(backup, facts, rows)
                events = backup.manifest.event_definitions
                notes = require_creatable_events(session, schema, events)
        except BackupUnreadable:
            raise
        except BackupError as error:
            on_bytes(0)  # raises if the caller stopped the load; else the load failed by itself
            return Verification(backup_id=backup.id, reasons=(str(error), *error.details))
    checksums = {name: each.checksum for name, each in rows.items() if each.checksum}
    return Verification(
        backup_id=backup.id, reasons=tuple(reasons), checksums=checksums, notes=tuple(notes)
    )


def scratch_schema(
    access: DatabaseAccess, backup: Backup, schema: str = ""
) -> AbstractContextManager[str]:
    """Create an empty schema for the block, and drop it afterwards.

    If `schema` is "", the schema gets a random name. Raises `DatabaseError`.
    """
    name = schema or scratch_name(access.name)
    return temporary_schema(access, name, backup.manifest.collation)


def verify_and_record(
    catalogue: Catalogue, backup: Backup, on_bytes: OnBytes = ignore_progress
) -> Verification:
    """Verify a backup's data and record the result in the catalogue.

    Raises `BackupUnreadable` if the operating system cannot read the file, `BackupError` if the
    result cannot be recorded.
    """
    with catalogue.in_use(backup):
        result = verify_backup(backup, on_bytes)
    if backup.is_good:  # a failed backup has no data to verify
        record = _record(result)
        catalogue.update_state(backup.id, lambda state: state.updated(read=record))
    return result


def verify_restore_and_record(
    engine: Engine,
    access: DatabaseAccess,
    catalogue: Catalogue,
    backup: Backup,
    on_bytes: OnBytes = ignore_progress,
    how: RestoreTest = RestoreTest(),
) -> Verification:
    """Verify that a backup restores and record the result in the catalogue.

    With `how.data`, a test that passes also records the checksums of tables that have no recorded
    checksum yet, so that every later restore is compared with this one.

    If the test restore fails, the data file is also compared with its manifest, to find out whether
    it is damaged. Raises what `verify_restore` raises, and `BackupError` if the result cannot be
    recorded.
    """
    with catalogue.in_use(backup):
        result = verify_restore(engine, access, backup, on_bytes, how)
    if not result.passed:
        read = verify_and_record(catalogue, backup, on_bytes)
        if not read.passed:  # the data is damaged, so the test restore proves nothing
            return read
    record = _record(result)
    changes: dict[str, object] = {"restored": record}
    if result.passed:  # the test has also compared all data with the manifest
        changes["read"] = record
    if how.data:
        changes["data"] = record
    new = _not_in_manifest(backup, result.checksums) if how.data and result.passed else {}

    def change(state: State) -> State:
        return state.updated(checksums={**new, **state.checksums}, **changes)

    catalogue.update_state(backup.id, change)
    return result


def _not_in_manifest(backup: Backup, checksums: Mapping[str, str]) -> dict[str, str]:
    """Return the checksums of the tables that have none in the manifest."""
    recorded = {name for name, rows in backup.manifest.objects.tables.items() if rows.checksum}
    return {name: each for name, each in checksums.items() if name not in recorded}


def _record(result: Verification) -> VerificationRecord:
    return VerificationRecord(at=now(), reason="; ".join(result.reasons))


def _damage(backup: Backup, manifest: Manifest, on_bytes: OnBytes) -> list[str]:
    """Return how the data differs from the manifest, and what no dump tool would have written."""
    compressed = Digest()
    for chunk in read_compressed(backup.data):
        compressed.feed(chunk)
    # Damaged data is not decompressed: the error of the decompressor would say less than the reason
    # below.
    if compressed.content != manifest.compressed:
        return ["the compressed data has changed (size or SHA-256 differs)"]
    raw, scan = Digest(), DumpScan()
    for chunk in read_raw(backup.data):
        raw.feed(chunk)
        scan.feed(chunk)
        on_bytes(raw.bytes)
    # A copy may be forged together with its manifest, so also check that each statement is one that
    # dump tools write.
    unexpected = sorted(scan.unexpected - set(manifest.schema_statements))
    unknown = unrecognized(manifest.recorded)
    checks = (
        (
            raw.content == manifest.raw,
            "the SQL has changed since the dump (size or SHA-256 differs)",
        ),
        (scan.is_complete, "the dump lacks its closing line"),
        (scan.tables >= set(manifest.objects.tables), "tables are missing in the dump"),
        (not scan.opening_fault, f"{scan.opening_fault}: the dump has been altered"),
        (
            not unexpected,
            f"the dump has statements that no dump tool writes: {'; '.join(unexpected)}",
        ),
        (
            not unknown,
            f"objects of the manifest have other texts than a server writes: {', '.join(unknown)}",
        ),
    )
    return [reason for passed, reason in checks if not passed]
