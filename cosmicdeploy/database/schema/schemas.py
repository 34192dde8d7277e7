"""Name, create, change and drop the schemas that a restore needs in addition to the live one."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cosmicdeploy.database.access import DatabaseAccess, quoted
from cosmicdeploy.database.schema.definitions import default_collation
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session, open_session
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
    """Return a random name for a schema that keeps replaced data and is never used again."""
    return _derived_name(live, f"kept_{secrets.token_hex(SCRATCH_ID_BYTES)}")


def swap_record_name(live: str) -> str:
    """Return the name of the schema that records a swap of the live tables with restored ones."""
    return _derived_name(live, "swap")


def proof_name(live: str) -> str:
    """Return the name of the schema in which the structure of a new backup is proven."""
    return _derived_name(live, "proof")


def restoring_schemas(live: str) -> tuple[str, ...]:
    """Return the names of the schemas in which a restore creates, moves and drops tables."""
    return live, shadow_name(live), replaced_name(live), swap_record_name(live)


def scratch_name(live: str) -> str:
    """Return a random name for the schema of a test restore."""
    return _derived_name(live, f"verify_{secrets.token_hex(SCRATCH_ID_BYTES)}")


def scratch_schemas(session: Session, live: str) -> list[str]:
    """Return the existing schemas of test restores, ordered by name. Raises `DatabaseError`."""
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


@contextmanager
def temporary_schema(
    access: DatabaseAccess, schema: str, collation: str, wait: float = 0
) -> Iterator[str]:
    """Create an empty schema for the block, and drop it afterwards.

    The schema gets the live schema's character set, and `collation`. Within the block, a session
    holds a lock with the schema's name, so that other runs see that the schema is in use. A schema
    of this name that a killed run left is dropped first. Raises `DatabaseError`, also if that
    schema has rows, or if another session holds the lock for more than `wait` seconds.
    """
    with open_session(access) as holder:
        holder.stay_open()
        if not holder.acquire_lock(schema, wait):
            raise DatabaseError(
                "Another process uses the temporary schema",
                where=schema,
                todo="wait until it has finished, and run the command again",
            )
        require_no_rows(holder, schema)
        try:
            end_sessions(holder, schema)
            drop_schema(holder, schema)
            create_schema_like(holder, access.name, schema)
            set_default_collation(holder, schema, collation)
            yield schema
        except BaseException:
            # The first error says more than one of this drop; the next run drops the schema.
            with suppress(DatabaseError):
                _drop(access, schema)
            raise
        _drop(access, schema)


def _drop(access: DatabaseAccess, schema: str) -> None:
    with open_session(access) as session:
        drop_schema(session, schema)


def require_no_rows(session: Session, schema: str) -> None:
    """Raise `DatabaseError` if a schema has rows or sequences: it may be a user's own schema.

    A killed proof of a structure leaves tables behind, but never rows or sequences. Versioned
    tables are refused like sequences.
    """
    if foreign := _foreign_content(session, schema):
        raise DatabaseError(
            f"The deployer needs a temporary schema with the name {schema}, but that schema exists,"
            f" and is not the deployer's own, since {foreign}",
            where=session.where,
            todo="move its tables to a schema of another name with RENAME TABLE, and drop"
            " the schema; or set backup.prove: off, which leaves unproven that a backup can be"
            " restored",
        )


def _foreign_content(session: Session, schema: str) -> str:
    """Return what a schema holds that no proof leaves behind, as a clause; "" if nothing."""
    facts = Facts(session, schema)
    for table in facts.engines():
        if session.rows(f"SELECT 1 FROM {quoted(schema)}.{quoted(table)} LIMIT 1"):  # noqa: S608 - quoted
            return f"its table {table} has rows"
    others = facts.other_tables()
    if not others:
        return ""
    name, kind = next(iter(others.items()))
    return f"it holds {name} ({kind.lower()})"


def drop_leftover_proof(access: DatabaseAccess) -> None:
    """Drop the schema of a proof that was killed. Raises `DatabaseError`, also if it has rows."""
    schema = proof_name(access.name)
    with open_session(access) as session:
        if schema_exists(session, schema):
            require_no_rows(session, schema)
            end_sessions(session, schema)
            drop_schema(session, schema)


def set_default_collation(session: Session, schema: str, collation: str) -> None:
    """Set the default collation of a schema; an empty `collation` changes nothing.

    Raises `DatabaseError`, and `BackupError` if `collation` holds anything but letters, digits and
    underscores: a forged manifest could hold any text.
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
        # The name of another schema may differ from this one only in case.
        "SELECT id FROM information_schema.processlist WHERE db = %s AND id <> CONNECTION_ID()"
        " AND (@@lower_case_table_names <> 0 OR CAST(db AS BINARY) = CAST(%s AS BINARY))",
        schema,
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
