"""What the database user may do, before anything rests on it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import itemgetter

from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import BackupError

# Without the first a table, without the others all triggers, events or routines are left out of a
# dump in silence, since whoever may not use them does not see them.
TO_DUMP = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE")
TO_RESTORE = (
    *("SELECT", "INSERT", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "LOCK TABLES"),
    *("CREATE VIEW", "SHOW VIEW", "TRIGGER", "EVENT", "CREATE ROUTINE", "ALTER ROUTINE"),
)
FOREIGN_DEFINERS = frozenset({"SUPER", "SET USER", "SET_USER_ID"})
ALL = "ALL PRIVILEGES"
GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<schema>\*|`(?:[^`]|``)+`)\.\* TO (?P<to>\S+)")
# In a grant, _ and % in a schema's name stand for other characters unless they are escaped.
WILDCARD = re.compile(r"(?<!\\)[_%]")


def require_privileges(session: Session, schemas: Iterable[str], wanted: Iterable[str]) -> None:
    """Raise `BackupError`, naming what is missing where, unless the user may do all of it."""
    wanted = tuple(wanted)
    missing = {schema: _missing(session, schema, wanted) for schema in schemas}
    lines = [f"{', '.join(rights)} on {schema}" for schema, rights in missing.items() if rights]
    if lines:
        raise BackupError(
            f"the database user lacks rights: {'; '.join(lines)}",
            where=session.where,
            todo="GRANT them, or use another user",
            details=lines,
        )


def require_definers(session: Session, definers: Iterable[str]) -> None:
    """Raise `BackupError` where objects of other definers could not be made by this user."""
    own = str(session.rows("SELECT CURRENT_USER()")[0][0])
    others = sorted(set(definers) - {own})
    held = privileges_on(session, None)
    if others and not held & {*FOREIGN_DEFINERS, ALL}:
        raise BackupError(
            f"the database user may not make objects of another definer: {', '.join(others)}",
            where=session.where,
            todo="GRANT it SET USER ON *.*, or use another user",
        )


def privileges_on(session: Session, schema: str | None) -> frozenset[str]:
    """Rights on all of a schema, by any way; None: rights on the whole server.

    Raises `DatabaseError`. Those of the roles that are active count; those on single tables do not.
    """
    whole: set[str] = set()
    closest: dict[str, tuple[int, set[str]]] = {}
    for row in session.rows("SHOW GRANTS"):
        found = GRANT.match(str(row[0]))
        if found is None:
            continue
        rights = {right.strip() for right in found["rights"].split(",")}
        if found["schema"] == "*":
            whole |= rights
        elif schema is not None and _covers(session, found["schema"], schema):
            # Of several patterns that fit, the server takes the closest one alone.
            closeness = len(WILDCARD.split(found["schema"], maxsplit=1)[0])
            closest[found["to"]] = max(
                closest.get(found["to"], (0, set())), (closeness, rights), key=itemgetter(0)
            )
    return frozenset(whole.union(*(rights for _, rights in closest.values())))


def _missing(session: Session, schema: str, wanted: tuple[str, ...]) -> list[str]:
    held = privileges_on(session, schema)
    return [] if ALL in held else [right for right in wanted if right not in held]


def _covers(session: Session, granted: str, schema: str) -> bool:
    pattern = granted[1:-1].replace("``", "`")
    return bool(session.rows("SELECT %s LIKE %s", schema, pattern)[0][0])
