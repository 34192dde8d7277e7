"""Name, create, change and drop the schemas that a restore needs in addition to the live one."""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import suppress

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import default_collation
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import BackupError, DatabaseError

LONGEST_NAME = 64  # the server's limit
SCRATCH_ID_BYTES = 4
COLLATION = re.compile(r"\w*", re.ASCII)


def shadow_name(live: str) -> str:
    """Return the name of the schema into which a backup is loaded before its tables go live."""
    return _derived_name(live, "restore")


def replaced_name(live: str) -> str:
    """Return the name of the schema that keeps the live tables which a restore replaced."""
    return _derived_name(live, "before")


def kept_name(live: str) -> str:
    """Return a random name for a schema that keeps replaced data, and that no command touches."""
    return _derived_name(live, f"kept_{secrets.token_hex(SCRATCH_ID_BYTES)}")


def swap_record_name(live: str) -> str:
    """Return the name of the schema that records a swap of the live tables with restored ones."""
    return _derived_name(live, "swap")


def scratch_name(live: str) -> str:
    """Return a random name for the schema of a test restore."""
    return _derived_name(live, f"verify_{secrets.token_hex(SCRATCH_ID_BYTES)}")


def scratch_schemas(session: Session, live: str) -> list[str]:
    """Return the existing schemas of test restores, by name. Raises `DatabaseError`."""
    digits = 2 * SCRATCH_ID_BYTES
    prefix = scratch_name(live)[:-digits]
    pattern = re.compile(re.escape(prefix) + f"[0-9a-f]{{{digits}}}")
    rows = session.rows("SELECT schema_name FROM information_schema.schemata ORDER BY 1")
    return [name for (name,) in rows if pattern.fullmatch(name)]


def create_schema_like(session: Session, model: str, schema: str) -> None:
    """Create a schema with the default character set and collation of the schema `model`.

    Raises `DatabaseError`, also if `model` does not exist.
    """
    rows = session.rows(
        "SELECT default_character_set_name, default_collation_name"
        " FROM information_schema.schemata WHERE schema_name = %s",
        model,
    )
    if not rows:
        raise DatabaseError("The server has no such database", where=model)
    charset, collation = rows[0]
    session.execute(f"CREATE DATABASE {quoted(schema)} CHARACTER SET {charset} COLLATE {collation}")


def set_default_collation(session: Session, schema: str, collation: str) -> None:
    """Set the default collation of a schema; an empty `collation` changes nothing.

    Raises `DatabaseError`, and `BackupError` if `collation` is not a plain name: a forged manifest
    could hold any text.
    """
    if not COLLATION.fullmatch(collation):
        raise BackupError(
            f"{collation!r} is not the name of a collation",
            where=schema,
            todo="use another backup: `cosmicdeploy backup list`",
        )
    if collation and default_collation(session, schema) != collation:
        session.execute(f"ALTER DATABASE {quoted(schema)} COLLATE {collation}")


def drop_schema(session: Session, schema: str) -> None:
    """Drop a schema with all it holds, if it exists. Raises `DatabaseError`."""
    session.execute(f"DROP DATABASE IF EXISTS {quoted(schema)}")


def end_sessions(session: Session, schema: str) -> None:
    """End all other sessions that use a schema, as far as the user may. Raises `DatabaseError`."""
    others = session.rows(
        "SELECT id FROM information_schema.processlist WHERE db = %s AND id <> CONNECTION_ID()",
        schema,
    )
    for (session_id,) in others:
        with suppress(DatabaseError):  # the session has ended by itself, or this user may not
            session.execute("KILL %s", session_id)


def schema_exists(session: Session, schema: str) -> bool:
    """Return whether the user can see a schema of this name. Raises `DatabaseError`."""
    query = "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
    return bool(session.rows(query, schema))


def drop_empty_schema(session: Session, schema: str) -> None:
    """Drop a schema if it exists and holds no tables. Raises `DatabaseError`."""
    if schema_exists(session, schema) and not Facts(session, schema).engines():
        drop_schema(session, schema)


def _derived_name(live: str, suffix: str) -> str:
    """Return the live name with a suffix.

    A live name that is too long is cut, and gets a digest that keeps the result unique.
    """
    room = LONGEST_NAME - len(f"__{suffix}")
    if len(live) > room:
        digest = hashlib.sha256(live.encode()).hexdigest()[:8]
        live = f"{live[: room - len(digest) - 1]}_{digest}"
    return f"{live}__{suffix}"
