"""End dump tools and clients that a killed deployer left running in the database's container."""

from __future__ import annotations

from contextlib import suppress

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.schemas import drop_leftover_proof, shadow_name
from cosmicdeploy.database.tools.command_line import SCHEMA_VARIABLE
from cosmicdeploy.engine.commands.abandoned_commands import signal_marked
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import DatabaseError


def end_leftover_tools(engine: Engine, access: DatabaseAccess) -> None:
    """End every tool that works on the live schema, or on the one into which a restore loads.

    Also drops the schema of a proof of a backup's structure; if the database does not answer, the
    next backup does. Call this only under the deploy lock: all this then belongs to a killed
    deployer. Raises `EngineError` if the database's container does not answer.
    """
    for schema in (access.name, shadow_name(access.name)):
        end_tools(engine, access, schema)
    with suppress(DatabaseError):
        drop_leftover_proof(access)


def end_tools(engine: Engine, access: DatabaseAccess, schema: str) -> None:
    """End every tool that works on this schema. Raises `EngineError`."""
    engine.exec(access.container_id, signal_marked(f"{SCHEMA_VARIABLE}={schema}"))
