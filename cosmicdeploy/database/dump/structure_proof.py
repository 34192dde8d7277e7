"""Prove that the structure of a dump loads, and comes back as it was.

The tables are created, without rows, from the dump's own statements in a schema beside the live
one, with the code that a restore uses. The other objects are created as a restore does it, from the
texts that go into the manifest; events disabled. Then everything is compared with the live schema
and dropped.

It proves nothing about rows, about definers that lack privileges when an object is used, and about
what a body names: the server looks at that only when the body runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from cosmicdeploy.database.access import READ_TIMEOUT, DatabaseAccess
from cosmicdeploy.database.backups.on_disk.manifest import StructureProof
from cosmicdeploy.database.dump_format.scan import table_of
from cosmicdeploy.database.loading.parallel import ParallelConnections, closing_connections
from cosmicdeploy.database.loading.routing import Router, StatementSink
from cosmicdeploy.database.loading.spool import DISCARD
from cosmicdeploy.database.schema.creatable import require_creatable_events
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.privileges import TO_RESTORE, require_definers, require_privileges
from cosmicdeploy.database.schema.rebuilding.create import try_all
from cosmicdeploy.database.schema.rebuilding.event_text import disabled
from cosmicdeploy.database.schema.rebuilding.relocation import relocated
from cosmicdeploy.database.schema.rebuilding.routine_grants import require_known_grants
from cosmicdeploy.database.schema.rebuilding.structure import (
    Structure,
    read_structure,
    structure_differences,
)
from cosmicdeploy.database.schema.recreate import dropped_routines
from cosmicdeploy.database.schema.schemas import (
    proof_name,
    restoring_schemas,
    temporary_schema,
)
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import BackupError

# The server waits for the disk several times for each table, so more connections than cores help.
CONNECTIONS = 4
# After a kill, the last statement of the process continues on the server for some seconds.
OTHERS_END_SECONDS = 30


def require_provable(facts: Facts, definitions: Definitions) -> None:
    """Raise `BackupError` if the user may not restore a backup or prove it, before it is made.

    Raises `DatabaseError` if a query fails.
    """
    live = facts.schema
    require_privileges(facts.session, (*restoring_schemas(live), proof_name(live)), TO_RESTORE)
    require_definers(facts.session, definitions.definers())
    dropped = dropped_routines(facts.session, live, definitions.labels())
    require_known_grants(facts.session, live, dropped)


def prove_structure(
    access: DatabaseAccess, statements: Iterable[bytes], expected: Structure
) -> tuple[StructureProof, list[str]]:
    """Load a dump's statements without its rows, and compare the result with the live schema.

    Returns the proof, and a line for each event that a restore would not bring back as it is.
    Raises `BackupError`, with each object and the reason, if the structure does not come back;
    `DatabaseError` if the server does not answer.
    """
    started = time.monotonic()
    live, schema = access.name, proof_name(access.name)
    collation = expected.definitions.collation
    with temporary_schema(access, schema, collation, OTHERS_END_SECONDS):
        faults = _create_tables(access, schema, statements)
        objects = _with_disabled_events(expected.definitions)
        with open_session(access) as session:
            over = require_creatable_events(session, schema, expected.definitions.objects)
            creation = try_all(session, schema, relocated(objects, live, schema))
            faults.update({each.label: error.what for each, error in creation.refused})
            found = read_structure(Facts(session, schema))
        differences = structure_differences(
            Structure(tables=expected.tables, definitions=objects, digest=expected.digest),
            Structure(
                tables=found.tables,
                definitions=relocated(found.definitions, schema, live),
                digest=found.digest,
            ),
        )
    faults = {**differences, **faults}  # why an object was refused says more than that it is absent
    if faults:
        raise _not_restorable(access, faults)
    count = len(expected.tables) + len(objects.objects)
    return StructureProof(seconds=time.monotonic() - started, objects=count), over


def _not_restorable(access: DatabaseAccess, faults: dict[str, str]) -> BackupError:
    lines = [f"{name}: {reason}" for name, reason in faults.items()]
    return BackupError(
        f"The structure in the dump does not come back as it was: {'; '.join(lines)}",
        where=access.where,
        todo="change the object so that the server creates it again, then take another backup:"
        " `cosmicdeploy backup create`",
        details=lines,
    )


def _with_disabled_events(definitions: Definitions) -> Definitions:
    """Return the definitions with all events disabled, so that the server never runs them."""
    events = tuple(
        event.model_copy(update={"statement": disabled(event)}) for event in definitions.of("EVENT")
    )
    return definitions.with_events(events)


def _create_tables(
    access: DatabaseAccess, schema: str, statements: Iterable[bytes]
) -> dict[str, str]:
    """Create the tables of a dump; return table → reason, for those that the server refuses."""
    refused: dict[str, str] = {}

    def note(statement: bytes, refusal: BackupError) -> None:
        name = table_of(statement)
        if name is None:
            raise refusal
        refused[f"table {name}"] = refusal.details[0]

    with ExitStack() as stack:

        def connections(settings: list[bytes]) -> ParallelConnections:
            opened = ParallelConnections(access, schema, settings, CONNECTIONS, READ_TIMEOUT, note)
            return stack.enter_context(closing_connections(opened))

        blocks = _TableBlocks(connections)
        router = Router(blocks.run, _no_rows, DISCARD)
        for statement in statements:
            router.take(statement)
        blocks.end()
    return refused


class _TableBlocks:
    """Passes statements of a dump to parallel connections, in blocks that create one table each.

    With the statements before the first table each connection begins.
    """

    def __init__(self, open_connections: Callable[[list[bytes]], ParallelConnections]) -> None:
        self._open = open_connections
        self._connections: ParallelConnections | None = None
        self._block: list[bytes] = []

    def run(self, statement: bytes | bytearray) -> None:
        """Take the next statement."""
        if statement.startswith(b"DROP TABLE"):
            self._pass_on()
        self._block.append(bytes(statement))

    def end(self) -> None:
        """Pass on the last block."""
        if self._connections is not None:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._connections is None:
            self._connections = self._open(self._block)
        elif self._block:
            self._connections.put(*self._block)
        self._block = []


def _no_rows(_settings: list[bytes]) -> StatementSink:
    raise AssertionError("statements without rows open no connections for rows")
