"""Take a backup: dump, compress, hash and check. Only a backup that passes is recorded as good."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue, new_id
from cosmicdeploy.database.backups.on_disk.archive import Archive, OnBytes, ignore_progress
from cosmicdeploy.database.backups.on_disk.manifest import (
    Manifest,
    Objects,
    RowsCounted,
    TableRows,
    now,
)
from cosmicdeploy.database.backups.on_disk.partial_backup import PartialBackup
from cosmicdeploy.database.dump.checks import require_complete, require_same_structure
from cosmicdeploy.database.dump.options import DumpOptions, Origin
from cosmicdeploy.database.dump.pipe import piped
from cosmicdeploy.database.dump.requirements import dump_requirements, restore_requirements
from cosmicdeploy.database.dump.rows.dumped_again import rows_in_new_dump
from cosmicdeploy.database.dump.rows.row_counts import require_all_rows
from cosmicdeploy.database.dump.rows.server_rows import (
    RowCount,
    counting_rows,
    missing_checksums,
)
from cosmicdeploy.database.dump.store import archive_for, limiting, reporting, storing, write_error
from cosmicdeploy.database.dump.structure_proof import structure_prover
from cosmicdeploy.database.dump_format.bodies import withheld_objects
from cosmicdeploy.database.dump_format.scan import ignore_statement
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.database.schema.rebuilding.routine_grants import (
    RoutineGrant,
    read_routine_grants,
    unread_note,
)
from cosmicdeploy.database.schema.rebuilding.structure import (
    Structure,
    read_structure,
    table_digests,
)
from cosmicdeploy.database.tools.container_tools import ContainerTools, find_tools
from cosmicdeploy.database.tools.messages import warning_lines
from cosmicdeploy.database.tools.server_identity import server_identity
from cosmicdeploy.database.tools.server_limits import (
    largest_statement,
    require_sendable,
)
from cosmicdeploy.engine.protocol import Engine


def create_backup(
    engine: Engine,
    access: DatabaseAccess,
    catalogue: Catalogue,
    origin: Origin | None = None,
    on_bytes: OnBytes = ignore_progress,
    options: DumpOptions | None = None,
) -> Backup:
    """Take a backup of the live schema, whose structure must not change during the dump.

    Raises `BackupError` if the backup cannot be made or fails a check, `DatabaseError` or
    `EngineError` if the server or the engine does not answer. A backup that has started is then
    listed as failed, with the reason.
    """
    started = time.monotonic()
    with open_facts(access) as facts:
        description = _describe(facts, origin or Origin(), server_identity(engine, access))
        project = catalogue.owner.project if catalogue.owner else ""
        partial_backup = catalogue.begin(description.updated(project=project))
    try:
        manifest = _dump(engine, access, partial_backup, on_bytes, options or DumpOptions())
        partial_backup.finish(manifest.updated(seconds=time.monotonic() - started))
    except OSError as error:
        failure = write_error(error, catalogue.folder)
        partial_backup.fail(failure.what, time.monotonic() - started)
        raise failure from error
    except BaseException as error:
        partial_backup.fail(str(error) or type(error).__name__, time.monotonic() - started)
        raise
    return catalogue.get(partial_backup.manifest.id)


def _describe(facts: Facts, origin: Origin, server_id: str) -> Manifest:
    """Return the manifest of a backup that is about to start."""
    server = facts.server()
    return Manifest(
        id=new_id(),
        created_at=now(),
        database=facts.schema,
        server_vendor=server.vendor,
        server_version=server.version,
        server_id=server_id,
        release=origin.release,
        images=dict(origin.images),
        digests=dict(origin.digests),
        releases=dict(origin.releases),
        migrations=tuple(sorted(facts.applied_migrations())),
        outline=facts.outline(),
    )


@dataclass(frozen=True, kw_only=True)
class _SchemaBefore:
    """The state of the schema just before the dump, for comparison with the dump.

    `grants` are the privileges on single routines; None if the user may not read them.
    `largest_statement` is the size in bytes of the largest statement that the server accepts.
    `withheld` is kind of objects → warning, for the kinds that the dump leaves out.
    """

    structure: Structure
    highest_batch: int
    grants: tuple[RoutineGrant, ...] | None
    largest_statement: int
    withheld: dict[str, str]

    @property
    def digest(self) -> str:
        return self.structure.digest

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(self.structure.tables)

    @property
    def definitions(self) -> Definitions:
        return self.structure.definitions


def _dump(
    engine: Engine,
    access: DatabaseAccess,
    partial_backup: PartialBackup,
    on_bytes: OnBytes,
    options: DumpOptions,
) -> Manifest:
    """Dump into the partial backup, check the result, and return the complete manifest."""
    folder = partial_backup.data.parent
    tools = find_tools(engine, access)
    before = _check_before(access, tools, folder, options)
    checksums = options.prove == "data"
    with ExitStack() as stack:
        prover, settled = None, threading.Event()
        # The prover's schema is created before the count begins, and its tables once `settled` is
        # set: until then the count searches for the dump's snapshot, and a commit may spoil that.
        if options.proves_structure:
            opened = structure_prover(access, before.structure, before.largest_statement, settled)
            prover = stack.enter_context(opened)
        on_statement = prover.take if prover else ignore_statement
        archive = archive_for(tools, partial_backup.file, on_statement)
        stored = limiting(storing(archive, folder), archive, before.largest_statement, access.where)
        with counting_rows(
            access, before.tables, options.lock_wait, checksums=checksums, settled=settled
        ) as count:
            with piped(stored, stop=prover.stop if prover else None) as put:
                sink = count.noticing(reporting(put, archive, on_bytes))
                result = tools.dump(sink, options.silence, without=before.withheld)
            archive.close()
            on_bytes(archive.raw.bytes)
            require_complete(result, archive, {*before.tables})
            objects, rows_counted = _check_after(access, tools, archive, before, count, options)
        proof, event_notes = prover.finish() if prover else (None, [])
    unread = unread_note(before.grants, before.definitions)
    return partial_backup.manifest.updated(
        status="good",
        highest_batch=before.highest_batch,
        schema_digest=before.digest,
        collation=before.definitions.collation,
        definitions=before.definitions.digests(),
        event_definitions=before.definitions.of("EVENT"),
        object_definitions=before.definitions.with_events(()).objects,
        routine_grants=before.grants or (),
        table_definitions=table_digests(before.structure.tables),
        prove=options.prove,
        structure_proof=proof,
        definers=before.definitions.definers(),
        rows_counted=rows_counted,
        objects=objects,
        raw=archive.raw.content,
        compressed=archive.compressed.content,
        tool=Path(tools.dump_tool).name,
        warnings=(
            *warning_lines(result),
            *before.withheld.values(),
            *event_notes,
            *unread,
            *(missing_checksums(objects) if checksums else ()),
        ),
    )


def _check_before(
    access: DatabaseAccess, tools: ContainerTools, folder: Path, options: DumpOptions
) -> _SchemaBefore:
    """Check that the schema can be dumped, and read its state for later comparison."""
    with open_facts(access) as facts:
        facts.session.execute("SET SESSION lock_wait_timeout = %s", options.lock_wait)
        for require in dump_requirements(facts, tools, folder, options):
            require()
        structure = read_structure(facts)
        for require in restore_requirements(facts, structure.definitions, options):
            require()
        return _SchemaBefore(
            structure=structure,
            highest_batch=facts.highest_batch(),
            grants=read_routine_grants(facts.session, facts.schema),
            largest_statement=largest_statement(facts.session),
            withheld=withheld_objects(structure.definitions, facts.session.vendor),
        )


def _check_after(
    access: DatabaseAccess,
    tools: ContainerTools,
    archive: Archive,
    before: _SchemaBefore,
    count: RowCount,
    options: DumpOptions,
) -> tuple[Objects, RowsCounted]:
    """Check that the dump holds every row, and that the schema has not changed.

    Return the schema's objects, and how their rows were counted.
    """
    count.dump_ended()
    with open_facts(access) as facts:
        require_same_structure(before.digest, before.definitions, facts)
        rows = {name: archive.scan.rows[name] for name in before.tables}
        on_server = count.result().compared(rows)
        count_again = partial(rows_in_new_dump, tools, options.silence)
        is_exact = on_server.counted == "snapshot"
        require_all_rows(facts, rows, on_server.counts, count_again, is_exact=is_exact)
        # The server's limit may have changed during the dump.
        require_sendable(*archive.scan.largest, largest_statement(facts.session), access.where)
        return _objects(facts, rows, on_server.checksums), on_server.counted


def _objects(facts: Facts, rows: Mapping[str, int], checksums: Mapping[str, str]) -> Objects:
    return Objects(
        tables={
            name: TableRows(before=count, after=count, checksum=checksums[name])
            for name, count in rows.items()
        },
        views=facts.views(),
        triggers=facts.triggers(),
        routines=facts.routines(),
        events=facts.events(),
    )
