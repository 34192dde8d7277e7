"""Take a backup: dump, compress, hash, check, and only then call it good."""

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
from cosmicdeploy.database.backups.archive import Archive, ArchiveReceiver, ArchiveWriter
from cosmicdeploy.database.backups.catalogue import Backup, Catalogue, new_id
from cosmicdeploy.database.backups.manifest import Manifest, Objects, TableRows, now
from cosmicdeploy.database.backups.partial_backup import Draft
from cosmicdeploy.database.client import Client, error_lines, find_client, warning_lines
from cosmicdeploy.database.dump.pipe import piped
from cosmicdeploy.database.dump.prerequisites import no_room, require_dumpable, require_room
from cosmicdeploy.database.dump.progress import OnBytes, unheard
from cosmicdeploy.database.dump.row_counts import count_rows, require_all_rows
from cosmicdeploy.database.dump.tool_limits import require_whole_lists
from cosmicdeploy.database.dump_format.bodies import events_kept_back
from cosmicdeploy.database.restore.packets import largest_statement, require_sendable
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import BackupError

SILENCE_SECONDS = 60.0
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a backup is asked of: with `exact` FLOAT values that a dump would round are refused; a
    dump that prints nothing for `silence` seconds is ended."""

    exact: bool = True
    silence: float = SILENCE_SECONDS


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What ran when a backup was taken; `images` is service → image id."""

    release: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)


def create_backup(
    engine: Engine,
    access: DatabaseAccess,
    catalogue: Catalogue,
    origin: Origin | None = None,
    on_bytes: OnBytes = unheard,
    demands: Demands | None = None,
) -> Backup:
    """Take a backup of the live schema; nothing may change its structure meanwhile.

    Raises `BackupError` where it could not be made or is not whole; the catalogue then has a failed
    entry with the reason. Raises `DatabaseError` and `EngineError` where these do not answer.
    """
    started = time.monotonic()
    with open_facts(access) as facts:
        described = _described(facts, origin or Origin())
        project = catalogue.owner.project if catalogue.owner else ""
        draft = catalogue.begin(described.updated(project=project))
    try:
        manifest = _dumped(engine, access, draft, on_bytes, demands or Demands())
        draft.finish(manifest.updated(seconds=time.monotonic() - started))
    except OSError as error:
        failure = _unwritten(error, catalogue.folder)
        draft.fail(failure.what, time.monotonic() - started)
        raise failure from error
    except BaseException as error:
        draft.fail(str(error) or type(error).__name__, time.monotonic() - started)
        raise
    return catalogue.get(draft.manifest.id)


def _described(facts: Facts, origin: Origin) -> Manifest:
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


def _dumped(
    engine: Engine, access: DatabaseAccess, draft: Draft, on_bytes: OnBytes, demands: Demands
) -> Manifest:
    client = find_client(engine, access)
    with open_facts(access) as facts:
        facts.session.execute("SET SESSION lock_wait_timeout = %s", math.ceil(demands.silence))
        require_dumpable(facts, exact=demands.exact)
        require_whole_lists(client, facts)
        require_room(draft.data.parent, facts.data_bytes())
        digest, batch, expected = facts.schema_digest(), facts.highest_batch(), facts.engines()
        definitions = facts.definitions()
        kept_back = events_kept_back(definitions)
        before = count_rows(facts)
    writer = (ArchiveReceiver if client.packs else ArchiveWriter)(draft.file)
    with piped(_storing(writer, draft.data.parent)) as put:
        heard = _heard(put, writer, on_bytes)
        result = client.dump(heard, demands.silence, events=not kept_back)
    writer.close()
    on_bytes(writer.raw.bytes)
    _require_whole(result, writer, set(expected))
    with open_facts(access) as facts:
        _require_same_structure(digest, definitions, facts)
        rows = {name: writer.scan.rows[name] for name in expected}
        require_all_rows(facts, rows, before, partial(_rows_again, client, demands.silence))
        limit = largest_statement(facts.session)
        require_sendable(*writer.scan.largest, limit, facts.session.where)
        objects = _objects(facts, rows)
    return draft.manifest.updated(
        status="good",
        highest_batch=batch,
        schema_digest=digest,
        collation=definitions.collation,
        definitions=definitions.digests(),
        event_definitions=definitions.of("EVENT"),
        definers=definitions.definers(),
        rows_counted="in the dump",
        objects=objects,
        raw=writer.raw.content,
        compressed=writer.compressed.content,
        tool=Path(client.dump_tool).name,
        warnings=(*warning_lines(result), *kept_back),
    )


def _rows_again(client: Client, silence: float, table: str) -> int:
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no file
        writer = (ArchiveReceiver if client.packs else ArchiveWriter)(nowhere)
        result = client.dump(writer.write, silence, events=False, tables=[table])
        writer.close()
    _require_whole(result, writer, {table})
    return writer.scan.rows[table]


def _storing(writer: Archive, folder: Path) -> Callable[[bytes], None]:
    def store(piece: bytes) -> None:
        try:
            writer.write(piece)
        except OSError as error:  # must not look like a failure of the engine's own stream
            raise _unwritten(error, folder) from error

    return store


def _heard(
    put: Callable[[bytes], None], writer: Archive, on_bytes: OnBytes
) -> Callable[[bytes], None]:
    def take(chunk: bytes) -> None:
        put(chunk)
        on_bytes(writer.raw.bytes)

    return take


def _unwritten(error: OSError, folder: Path) -> BackupError:
    if error.errno in DISK_FULL:
        return no_room(folder, error.strerror or "disk full")
    return BackupError(f"the backup cannot be written: {error.strerror}", where=str(folder))


def _require_whole(result: ExecResult, writer: Archive, expected: set[str]) -> None:
    scan = writer.scan
    missing = sorted(expected - scan.tables)
    foreign = sorted(scan.foreign)
    checks = (
        (result.exit_code == 0, f"the dump tool ended with exit code {result.exit_code}"),
        (not error_lines(result), "the dump tool reported an error"),
        (writer.whole, "the compressed dump does not end as it should"),
        (not scan.opening_fault, scan.opening_fault),
        (scan.complete, "the dump lacks its closing line"),
        (not missing, f"tables are missing in the dump: {', '.join(missing)}"),
        (not foreign, f"the dump holds what it should not: {'; '.join(foreign)}"),
    )
    for passed, reason in checks:
        if not passed:
            raise BackupError(
                reason,
                todo="see the tool's own words, and take another backup",
                details=result.error_text.splitlines()[-10:],
            )


def _require_same_structure(digest: str, definitions: Definitions, facts: Facts) -> None:
    if facts.schema_digest() != digest or facts.definitions() != definitions:
        raise BackupError(
            "the schema changed while it was dumped, so the dump is not one moment of it",
            where=facts.session.where,
            todo="stop whatever migrates, and take another backup",
        )


def _objects(facts: Facts, rows: Mapping[str, int]) -> Objects:
    return Objects(
        tables={name: TableRows(before=count, after=count) for name, count in rows.items()},
        views=facts.views(),
        triggers=facts.triggers(),
        routines=facts.routines(),
        events=facts.events(),
    )
