"""Take a backup: dump, compress, hash and check; only then is it recorded as good."""

from __future__ import annotations

import errno
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.archive import (
    Archive,
    ArchiveReceiver,
    ArchiveWriter,
    OnBytes,
    ignore_progress,
)
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue, new_id
from cosmicdeploy.database.backups.disk_space import no_room, require_room
from cosmicdeploy.database.backups.manifest import Manifest, Objects, TableRows, now
from cosmicdeploy.database.backups.partial_backup import PartialBackup
from cosmicdeploy.database.dump.checks import require_complete, require_same_structure
from cosmicdeploy.database.dump.pipe import piped
from cosmicdeploy.database.dump.prerequisites import require_dumpable
from cosmicdeploy.database.dump.row_counts import count_rows, require_all_rows
from cosmicdeploy.database.dump.server_limits import (
    largest_statement,
    require_sendable,
    require_whole_lists,
)
from cosmicdeploy.database.dump_format.bodies import withheld_events_warnings
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.database.tools.client import Client, find_client
from cosmicdeploy.database.tools.messages import warning_lines
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import BackupError

SILENCE_SECONDS = 60.0
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, kw_only=True)
class DumpOptions:
    """How strict a dump is: `exact` refuses FLOAT values that a dump would round; a dump tool that
    prints nothing for `silence` seconds is ended."""

    exact: bool = True
    silence: float = SILENCE_SECONDS


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The release that ran when a backup was taken; `images` is service → image id."""

    release: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)


def create_backup(
    engine: Engine,
    access: DatabaseAccess,
    catalogue: Catalogue,
    origin: Origin | None = None,
    on_bytes: OnBytes = ignore_progress,
    options: DumpOptions | None = None,
) -> Backup:
    """Take a backup of the live schema, whose structure must not change meanwhile.

    Raises `BackupError` if the backup cannot be made or is incomplete; the catalogue then lists it
    as failed, with the reason. Raises `DatabaseError` or `EngineError` if the server or the engine
    does not answer.
    """
    started = time.monotonic()
    with open_facts(access) as facts:
        description = _describe(facts, origin or Origin())
        project = catalogue.owner.project if catalogue.owner else ""
        partial_backup = catalogue.begin(description.updated(project=project))
    try:
        manifest = _dump(engine, access, partial_backup, on_bytes, options or DumpOptions())
        partial_backup.finish(manifest.updated(seconds=time.monotonic() - started))
    except OSError as error:
        failure = _write_error(error, catalogue.folder)
        partial_backup.fail(failure.what, time.monotonic() - started)
        raise failure from error
    except BaseException as error:
        partial_backup.fail(str(error) or type(error).__name__, time.monotonic() - started)
        raise
    return catalogue.get(partial_backup.manifest.id)


def _describe(facts: Facts, origin: Origin) -> Manifest:
    server = facts.server()
    return Manifest(
        id=new_id(),
        created_at=now(),
        database=facts.schema,
        server_vendor=server.vendor,
        server_version=server.version,
        release=origin.release,
        images=dict(origin.images),
        migrations=tuple(sorted(facts.applied_migrations())),
        outline=facts.outline(),
    )


def _dump(
    engine: Engine,
    access: DatabaseAccess,
    partial_backup: PartialBackup,
    on_bytes: OnBytes,
    options: DumpOptions,
) -> Manifest:
    client = find_client(engine, access)
    with open_facts(access) as facts:
        facts.session.execute("SET SESSION lock_wait_timeout = %s", math.ceil(options.silence))
        require_dumpable(facts, exact=options.exact)
        require_whole_lists(client, facts)
        require_room(partial_backup.data.parent, facts.data_bytes())
        digest, batch, expected = facts.schema_digest(), facts.highest_batch(), facts.engines()
        definitions = facts.definitions()
        withheld = withheld_events_warnings(definitions)
        before = count_rows(facts)
    archive = (ArchiveReceiver if client.compresses else ArchiveWriter)(partial_backup.file)
    with piped(_storing(archive, partial_backup.data.parent)) as put:
        reporting = _reporting(put, archive, on_bytes)
        result = client.dump(reporting, options.silence, events=not withheld)
    archive.close()
    on_bytes(archive.raw.bytes)
    require_complete(result, archive, set(expected))
    with open_facts(access) as facts:
        require_same_structure(digest, definitions, facts)
        rows = {name: archive.scan.rows[name] for name in expected}
        require_all_rows(facts, rows, before, partial(_rows_again, client, options.silence))
        limit = largest_statement(facts.session)
        require_sendable(*archive.scan.largest, limit, facts.session.where)
        objects = _objects(facts, rows)
    return partial_backup.manifest.updated(
        status="good",
        highest_batch=batch,
        schema_digest=digest,
        collation=definitions.collation,
        definitions=definitions.digests(),
        event_definitions=definitions.of("EVENT"),
        definers=definitions.definers(),
        rows_counted="in the dump",
        objects=objects,
        raw=archive.raw.content,
        compressed=archive.compressed.content,
        tool=Path(client.dump_tool).name,
        warnings=(*warning_lines(result), *withheld),
    )


def _rows_again(client: Client, silence: float, table: str) -> int:
    with open(os.devnull, "wb") as discard:  # noqa: PTH123 - not a file
        archive = (ArchiveReceiver if client.compresses else ArchiveWriter)(discard)
        result = client.dump(archive.write, silence, events=False, tables=[table])
        archive.close()
    require_complete(result, archive, {table})
    return archive.scan.rows[table]


def _storing(archive: Archive, folder: Path) -> Callable[[bytes], None]:
    def store(piece: bytes) -> None:
        try:
            archive.write(piece)
        except OSError as error:  # must not look like an error of the engine's stream
            raise _write_error(error, folder) from error

    return store


def _reporting(
    put: Callable[[bytes], None], archive: Archive, on_bytes: OnBytes
) -> Callable[[bytes], None]:
    def take(chunk: bytes) -> None:
        put(chunk)
        on_bytes(archive.raw.bytes)

    return take


def _write_error(error: OSError, folder: Path) -> BackupError:
    if error.errno in DISK_FULL:
        return no_room(folder, error.strerror or "disk full")
    return BackupError(
        f"The backup cannot be written: {error.strerror}",
        where=str(folder),
        todo="check the disk and the permissions of the folder, then take another backup",
    )


def _objects(facts: Facts, rows: Mapping[str, int]) -> Objects:
    return Objects(
        tables={name: TableRows(before=count, after=count) for name, count in rows.items()},
        views=facts.views(),
        triggers=facts.triggers(),
        routines=facts.routines(),
        events=facts.events(),
    )
