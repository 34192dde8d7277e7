"""Apply the settings under which an object was created, and check that the server knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from cosmicdeploy.database.access import error_code
from cosmicdeploy.database.schema.definitions import LOAD_TIME_ZONES, Definition, default_collation
from cosmicdeploy.database.schema.schemas import set_default_collation
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import BackupError, DatabaseError

# The server's error numbers for an unknown value: of a variable, a character set, a collation or a
# time zone.
UNKNOWN_VALUE = frozenset({1115, 1231, 1273, 1298})
OTHER_SERVER = (
    "create it again under settings that this server knows, or use a server of the version on"
    " which it was created"
)


@contextmanager
def recorded_settings(session: Session, schema: str, definition: Definition) -> Iterator[None]:
    """Apply the settings of a definition to the session and the schema within the block.

    Afterwards resets the session and restores the schema's former collation, even if the server
    refuses one of the settings. Raises `DatabaseError`, and `BackupError` if the server does not
    know a setting.
    """
    own = default_collation(session, schema)
    try:
        set_default_collation(session, schema, definition.database_collation)
        with session_settings(session, definition):
            yield
    finally:
        set_default_collation(session, schema, own)


@contextmanager
def session_settings(session: Session, definition: Definition) -> Iterator[None]:
    """Apply the settings of a definition to the session alone within the block, then reset it.

    Raises `DatabaseError`, and `BackupError` if the server does not know a setting.
    """
    try:
        for variable, name, value in _settings(definition):
            _set(session, variable, value, f"{definition.label} needs the {name} {value!r}")
        yield
    finally:
        session.reset()


def require_known_settings(session: Session, recorded: Iterable[Definition]) -> None:
    """Raise `BackupError` if the server does not know a setting of one of these definitions."""
    tried = set()
    for definition in recorded:
        settings = tuple(_settings(definition))
        if settings not in tried:
            tried.add(settings)
            with session_settings(session, definition):
                pass


def _settings(definition: Definition) -> Iterator[tuple[str, str, str]]:
    """Yield each session variable to set, its name in messages, and its value."""
    yield "sql_mode", "sql_mode", definition.sql_mode
    yield "time_zone", "time_zone", definition.time_zone or "SYSTEM"
    yield "character_set_client", "character_set_client", definition.charset
    if definition.database_collation:
        # Set only to see whether the server knows this collation: every user may set this variable.
        yield "collation_connection", "collation of its schema", definition.database_collation
    yield "collation_connection", "collation_connection", definition.collation


def _set(session: Session, variable: str, value: str, need: str) -> None:
    try:
        session.execute(f"SET SESSION {variable} = %s", value)
    except DatabaseError as error:
        if error_code(error.__cause__) not in UNKNOWN_VALUE:
            raise
        raise BackupError(
            f"{need}, which this server does not know",
            where=session.where,
            todo=LOAD_TIME_ZONES if variable == "time_zone" else OTHER_SERVER,
        ) from error
