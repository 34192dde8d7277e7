"""Stop dump tools and clients that a killed deployer left running in the database's container."""

from __future__ import annotations

from contextlib import suppress

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.schemas import (
    drop_leftover_proof,
    drop_schema,
    end_sessions,
    scratch_schemas,
    shadow_name,
)
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.tools.command_line import SCHEMA_VARIABLE
from cosmicdeploy.engine.commands.abandoned_commands import signal_marked
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import DatabaseError


def end_leftover_tools(engine: Engine, access: DatabaseAccess) -> None:
    """Stop every tool that works on the live schema or on the shadow schema.

    Also drops the schemas that no process uses any more: that of a backup's proof that tables can
    be created again, and those of test restores. After a `DatabaseError` the remaining ones stay,
    and the next backup or test restore drops them. Call this function only under the deploy lock:
    then all these tools and schemas belong to a killed deployer. Raises `EngineError` if the
    database's container does not answer.
    """
    for schema in (access.name, shadow_name(access.name)):
        end_tools(engine, access, schema)
    with suppress(DatabaseError):
        drop_leftover_proof(access)
        drop_unused_scratch_schemas(engine, access)


def drop_unused_scratch_schemas(engine: Engine, access: DatabaseAccess) -> None:
    """Drop the scratch schemas of killed test restores; stop the tools and sessions that use them.

    Raises `DatabaseError` or `EngineError`.
    """
    with open_session(access) as session:
        for schema in scratch_schemas(session, access.name):
            if session.acquire_lock(schema):  # else a test restore uses the schema
                end_tools(engine, access, schema)
                end_sessions(session, schema)
                drop_schema(session, schema)


def end_tools(engine: Engine, access: DatabaseAccess, schema: str) -> None:
    """Stop every tool that works on this schema. Raises `EngineError`."""
    engine.exec(access.container_id, signal_marked(f"{SCHEMA_VARIABLE}={schema}"))
