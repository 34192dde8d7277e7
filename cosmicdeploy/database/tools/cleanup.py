"""End commands of the database's tools that a killed process left running."""

from __future__ import annotations

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.schemas import shadow_name
from cosmicdeploy.database.tools.command_line import SCHEMA_VARIABLE
from cosmicdeploy.engine.commands.abandoned_commands import signal_marked
from cosmicdeploy.engine.protocol import Engine


def end_leftover_tools(engine: Engine, access: DatabaseAccess) -> None:
    """End every tool that dumps the live schema or loads the shadow schema.

    Call it under the deploy lock only: such a tool then belongs to a process that was killed.
    Raises `EngineError` if the database's container does not answer.
    """
    for schema in (access.name, shadow_name(access.name)):
        end_tools(engine, access, schema)


def end_tools(engine: Engine, access: DatabaseAccess, schema: str) -> None:
    """End every tool that dumps this schema or loads into it. Raises `EngineError`."""
    engine.exec(access.container_id, signal_marked(f"{SCHEMA_VARIABLE}={schema}"))
