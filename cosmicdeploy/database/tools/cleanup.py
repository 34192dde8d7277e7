"""End dump tools and clients that a killed deployer left running in the database's container."""

from __future__ import annotations

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.schemas import shadow_name
from cosmicdeploy.database.tools.command_line import SCHEMA_VARIABLE
from cosmicdeploy.engine.commands.abandoned_commands import signal_marked
from cosmicdeploy.engine.protocol import Engine


def end_leftover_tools(engine: Engine, access: DatabaseAccess) -> None:
    """End every tool that works on the live schema, or on the one into which a restore loads.

    Call this only under the deploy lock: every such tool then belongs to a killed deployer. Raises
    `EngineError` if the database's container does not answer.
    """
    for schema in (access.name, shadow_name(access.name)):
        end_tools(engine, access, schema)


def end_tools(engine: Engine, access: DatabaseAccess, schema: str) -> None:
    """End every tool that works on this schema. Raises `EngineError`."""
    engine.exec(access.container_id, signal_marked(f"{SCHEMA_VARIABLE}={schema}"))
