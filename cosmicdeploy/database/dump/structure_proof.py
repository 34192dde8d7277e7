"""Prove that the structure of a dump loads, and is then the same as in the live schema.

While the dump is still running, its statements create the tables, without rows, in a temporary
schema, by the code that a restore uses. After the dump, the other objects are created there from
the texts that go into the manifest, as a restore creates them, but with events disabled. Everything
is compared with the live schema, and then dropped.

The proof says nothing about rows, about definers that lack privileges when an object is used, or
about the names in a body, which the server looks up only when the body runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import ClassVar

from cosmicdeploy.database.access import READ_TIMEOUT, DatabaseAccess
from cosmicdeploy.database.backups.on_disk.manifest import StructureProof
from cosmicdeploy.database.dump.prerequisites import Requirement
from cosmicdeploy.database.dump_format.scan import table_of
from cosmicdeploy.database.loading.parallel import ParallelConnections, closing_connections
from cosmicdeploy.database.loading.routing import Router, StatementSink
from cosmicdeploy.database.loading.spool import DISCARD
from cosmicdeploy.database.loading.table_blocks import TableBlocks, table_label
from cosmicdeploy.database.schema.creatable import require_creatable_events
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.privileges import TO_RESTORE, require_definers, require_privileges
from cosmicdeploy.database.schema.rebuilding.create import try_all
from cosmicdeploy.database.schema.rebuilding.event_text import disabled
from cosmicdeploy.database.schema.rebuilding.relocation import relocated, unqualified
from cosmicdeploy.database.schema.rebuilding.routine_grants import require_known_grants
from cosmicdeploy.database.schema.rebuilding.structure import (
    Structure,
    read_structure,
    structure_differences,
)
from cosmicdeploy.database.schema.recreate import dropped_routines
from cosmicdeploy.database.schema.schemas import (
    drop_schema,
    proof_name,
    restoring_schemas,
    temporary_schema,
)
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import BackupError

# The server waits for the disk several times for each table, so more connections than cores help.
# Measured on two cores and a disk, 100 tables: 1.2 s over one connection, 0.5 s over four.
CONNECTIONS = 4
UNPROVEN = "set backup.prove: off, which leaves unproven that a backup can be restored"
# How long to wait while another process uses the schema of the proof. After a kill, the last
# statement of a process continues on the server for some seconds.
OTHERS_END_SECONDS = 30


def proof_prerequisites(facts: Facts, definitions: Definitions) -> Iterator[Requirement]:
    """Yield each check of whether the user may restore a backup and prove it.

    Each check changes nothing, and raises `BackupError` if the user may not. Raises `DatabaseError`
    if a query fails.
    """
    live = facts.schema
    schemas = *restoring_schemas(live), proof_name(live)
    yield partial(require_privileges, facts.session, schemas, TO_RESTORE, UNPROVEN)
    yield partial(require_definers, facts.session, definitions.definers())
    dropped = dropped_routines(facts.session, live, definitions.labels())
    yield partial(require_known_grants, facts.session, live, dropped)


@contextmanager
def structure_prover(
    access: DatabaseAccess, expected: Structure, limit: int, begin: threading.Event
) -> Iterator[StructureProver]:
    """Open a prover for a dump of the schema that is described by `expected`.

    The server accepts statements of up to `limit` bytes. The prover connects and creates tables
    once `begin` is set, or else at the end of the dump. Its schema exists only within the block.
    Raises `DatabaseError`.
    """
    collation, schema = expected.definitions.collation, proof_name(access.name)
    started = time.monotonic()
    with temporary_schema(access, schema, collation, OTHERS_END_SECONDS), ExitStack() as stack:
        prover = StructureProver(access, schema, expected, stack, limit, begin)
        prover.seconds = time.monotonic() - started
        yield prover


class StructureProver:
    """Creates a dump's tables in `schema` while the dump arrives, then proves the structure.

    `stack` closes the connections. `limit` and `begin` as in `structure_prover`. `seconds` is how
    long it took to create the schema.
    """

    def __init__(
        self,
        access: DatabaseAccess,
        schema: str,
        expected: Structure,
        stack: ExitStack,
        limit: int,
        begin: threading.Event,
    ) -> None:
        self._access = access
        self._schema = schema
        self._expected = expected
        self._stack = stack
        self.seconds = 0.0
        self._faults: dict[str, str] = {}
        self._blocks = TableBlocks(self._open_connections, begin)
        self._router = Router(self._blocks.run, _no_rows, DISCARD, limit=limit)

    def take(self, statement: bytes) -> None:
        """Take the next statement of the dump that is not an INSERT of rows.

        Raises `BackupError`, or `DatabaseError` if the server does not answer.
        """
        self._router.take(statement)

    def stop(self) -> None:
        """End what `take` waits for in another thread; `take` then raises an error."""
        self._blocks.stop()

    def finish(self) -> tuple[StructureProof, list[str]]:
        """Create all other objects, and compare the result with the live schema.

        Returns the proof, and a line for each event that a restore would not create as it is now.
        Raises `BackupError`, with each object and the reason, if the structure is not created
        unchanged; `DatabaseError` if the server does not answer.
        """
        started = time.monotonic()
        self._blocks.end()
        self._stack.close()  # waits until all tables are created
        self._create_again()
        live, schema, expected = self._access.name, self._schema, self._expected
        objects = _with_disabled_events(expected.definitions)
        with open_session(self._access) as session:
            event_notes = require_creatable_events(session, schema, expected.definitions.objects)
            creation = try_all(session, schema, relocated(objects, live, schema))
            found = read_structure(Facts(session, schema))
            drop_schema(session, schema)
        differences = structure_differences(
            replace(expected, definitions=unqualified(objects, live)),
            replace(found, definitions=unqualified(found.definitions, schema)),
        )
        refused = {each.label: error.what for each, error in creation.refused}
        # The reason why an object was refused says more than the fact that it is missing.
        if faults := {**differences, **refused, **self._faults}:
            raise _not_restorable(self._access, faults)
        seconds = self.seconds + time.monotonic() - started
        count = len(expected.tables) + len(objects.objects)
        return StructureProof(seconds=seconds, objects=count), event_notes

    def _create_again(self) -> None:
        """Create the refused tables once more, one by one as a restore does.

        A table may have been refused only because another one was created at the same time.
        """
        blocks = self._blocks.creating(self._faults)
        if blocks:
            self._faults.clear()
            connection = self._open_connections(self._blocks.settings, count=1)
            for block in blocks:
                connection.put(*block)
            self._stack.close()

    def _open_connections(
        self, settings: list[bytes], count: int = CONNECTIONS
    ) -> ParallelConnections:
        return self._stack.enter_context(
            closing_connections(
                _TableConnections(
                    self._access,
                    self._schema,
                    settings,
                    count,
                    READ_TIMEOUT,
                    on_refusal=self._note,
                )
            )
        )

    def _note(self, statement: bytes, refusal: BackupError) -> None:
        """Note why the server refused a CREATE TABLE; raise the error of any other statement."""
        name = table_of(statement)
        if name is None:
            raise refusal
        self._faults[table_label(name)] = refusal.details[0]


class _TableConnections(ParallelConnections):
    """Connections with a queue so long that the dump hardly ever waits for them."""

    queued: ClassVar[int] = 250


def _no_rows(_settings: list[bytes]) -> StatementSink:
    raise AssertionError("statements without rows open no connections for rows")


def _with_disabled_events(definitions: Definitions) -> Definitions:
    """Return the definitions with all events disabled, so that the server never runs them."""
    events = tuple(
        event.model_copy(update={"statement": disabled(event)}) for event in definitions.of("EVENT")
    )
    return definitions.with_events(events)


def _not_restorable(access: DatabaseAccess, faults: dict[str, str]) -> BackupError:
    lines = [f"{name}: {reason}" for name, reason in faults.items()]
    return BackupError(
        f"The structure in the dump is not restored as it was: {'; '.join(lines)}",
        where=access.where,
        todo="change the object so that the server creates it again, then take another backup:"
        " `cosmicdeploy backup create`",
        details=lines,
    )
