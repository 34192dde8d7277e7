"""The schemas beside the live one, by name."""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import suppress

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import DatabaseError

LONGEST_NAME = 64


def shadow_name(live: str) -> str:
    """Where a backup is loaded before it becomes the live schema."""
    return _beside(live, "restore")


def replaced_name(live: str) -> str:
    """Where the tables live that a restore replaced."""
    return _beside(live, "before")


def swap_record_name(live: str) -> str:
    """Where a swap keeps what it has to know."""
    return _beside(live, "swap")


def scratch_name(live: str) -> str:
    """Where a backup is loaded only to prove that it loads: each time another name."""
    return _beside(live, f"verify_{secrets.token_hex(4)}")


def scratch_schemas(session: Session, live: str) -> list[str]:
    """All such schemas on the server. Raises `DatabaseError`."""
    of_ours = re.compile(re.escape(scratch_name(live)[:-8]) + "[0-9a-f]{8}")
    found = session.rows("SELECT schema_name FROM information_schema.schemata ORDER BY 1")
    return [name for (name,) in found if of_ours.fullmatch(name)]


def create_schema_like(session: Session, model: str, schema: str) -> None:
    """Create a schema with another one's default character set. Raises `DatabaseError`."""
    rows = session.rows(
        "SELECT default_character_set_name, default_collation_name"
        " FROM information_schema.schemata WHERE schema_name = %s",
        model,
    )
    if not rows:
        raise DatabaseError("the server has no such database", where=model)
    charset, collation = rows[0]
    session.execute(f"CREATE DATABASE {quoted(schema)} CHARACTER SET {charset} COLLATE {collation}")


def drop_schema(session: Session, schema: str) -> None:
    """Drop a schema and all it holds; one that is not there is fine. Raises `DatabaseError`."""
    session.execute(f"DROP DATABASE IF EXISTS {quoted(schema)}")


def end_sessions(session: Session, schema: str) -> None:
    """End the other sessions that are in a schema, as far as this user sees and may end them."""
    others = session.rows(
        "SELECT id FROM information_schema.processlist WHERE db = %s AND id <> CONNECTION_ID()",
        schema,
    )
    for (number,) in others:
        with suppress(DatabaseError):  # it has ended by itself, or is somebody's with more rights
            session.execute("KILL %s", number)


def schema_exists(session: Session, schema: str) -> bool:
    """Whether the server has such a schema that this user may see. Raises `DatabaseError`."""
    known = "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
    return bool(session.rows(known, schema))


def drop_empty_schema(session: Session, schema: str) -> None:
    """Drop a schema unless it holds tables or is not there. Raises `DatabaseError`."""
    if schema_exists(session, schema) and not Facts(session, schema).engines():
        drop_schema(session, schema)


def _beside(live: str, suffix: str) -> str:
    room = LONGEST_NAME - len(f"__{suffix}")
    if len(live) > room:
        digest = hashlib.sha256(live.encode()).hexdigest()[:8]
        live = f"{live[: room - len(digest) - 1]}_{digest}"
    return f"{live}__{suffix}"
