"""Check that the database user has the privileges that a dump or a restore needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.schemas import SCRATCH_ID_BYTES, scratch_name
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import BackupError
from cosmicdeploy.text.shorten import WIDTH

# The server hides objects that the user has no privilege for, so a dump lacks them without an
# error. Tables need SELECT; triggers, events and routines need TRIGGER, EVENT and EXECUTE.
TO_DUMP = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE")
TO_RESTORE = (
    *("SELECT", "INSERT", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "LOCK TABLES"),
    *("CREATE VIEW", "SHOW VIEW", "TRIGGER", "EVENT", "CREATE ROUTINE", "ALTER ROUTINE"),
)
# With any of these privileges, a user may create objects whose definer is another account. MariaDB
# has SET USER; MySQL has SET_ANY_DEFINER, and before version 8.2 SET_USER_ID; both have SUPER.
FOREIGN_DEFINERS = frozenset({"SUPER", "SET USER", "SET_USER_ID", "SET_ANY_DEFINER"})
ALL = "ALL PRIVILEGES"
GRANT = re.compile(r"GRANT (?P<privileges>.+?) ON (?P<schema>\*|`(?:[^`]|``)+`)\.\* TO (?P<to>\S+)")
# On MySQL, a privilege on all schemas may be revoked for a single schema (`partial_revokes`).
REVOKE = re.compile(r"REVOKE (?P<privileges>.+?) ON (?P<schema>`(?:[^`]|``)+`)\.\* FROM ")
# In a grant, _ and % in a schema's name are wildcards unless a backslash precedes them.
WILDCARD = re.compile(r"(?<!\\)[_%]")
# Whether a pattern covers a schema. Most servers distinguish schemas whose names differ in case.
COVERS = (
    "SELECT CAST(%s AS BINARY) LIKE CAST(%s AS BINARY)"
    " OR (@@lower_case_table_names <> 0 AND LOWER(%s) LIKE LOWER(%s))"
)


def require_privileges(
    session: Session,
    schemas: Iterable[str],
    required: Iterable[str],
    alternative: str = "use another user",
) -> None:
    """Raise `BackupError` unless the user has all required privileges on each schema.

    The error's details are the statements that grant them; `alternative` is what to do instead.
    """
    named = {schema: (schema, _granted_schema(schema)) for schema in schemas}
    _require(session, named, tuple(required), alternative)


def require_scratch_privileges(
    session: Session, live: str, alternative: str = "use another user"
) -> None:
    """Raise `BackupError` unless the user may restore into the schemas of test restores.

    The names of these schemas are random. So the statement in the error grants the privileges on
    every schema with such a name.
    """
    scratch = scratch_name(live)
    prefix = scratch[: -2 * SCRATCH_ID_BYTES]
    pattern = f"{_granted_schema(prefix)[:-1]}%`"  # the wildcard belongs before the closing quote
    named = {scratch: (f"{prefix}…", pattern)}
    _require(session, named, TO_RESTORE, alternative)


def _require(
    session: Session,
    named: Mapping[str, tuple[str, str]],
    required: tuple[str, ...],
    alternative: str,
) -> None:
    """Raise the error of `require_privileges`; `named` is schema → (as shown, as in a GRANT)."""
    missing = {named[schema]: _missing(session, schema, required) for schema in named}
    lines = [f"{', '.join(names)} on {shown}" for (shown, _), names in missing.items() if names]
    if lines:
        account = own_account(session)
        raise BackupError(
            f"The database user lacks privileges: {'; '.join(lines)}",
            where=session.where,
            todo=f"run the statements below on the server as its administrator, or {alternative}",
            details=[
                _grant(names if len(names) < len(required) else (ALL,), granted, account)
                for (_, granted), names in missing.items()
                if names
            ],
        )


def _grant(names: Sequence[str], granted: str, account: str) -> str:
    """Return the statement that grants privileges: all of them if messages would cut the list."""
    statement = f"GRANT {', '.join(names)} ON {granted}.* TO {account};"
    return statement if len(statement) <= WIDTH else f"GRANT {ALL} ON {granted}.* TO {account};"


def own_account(session: Session) -> str:
    """Return the account of the session, quoted for a GRANT. Raises `DatabaseError`."""
    user, _, host = str(session.rows("SELECT CURRENT_USER()")[0][0]).rpartition("@")
    return f"{quoted(user)}@{quoted(host)}"


def _granted_schema(schema: str) -> str:
    """Return a schema's name as in a GRANT, with wildcards escaped to name only this schema."""
    return quoted(re.sub(r"([\\_%])", r"\\\1", schema))


def require_definers(session: Session, definers: Iterable[str]) -> None:
    """Raise `BackupError` if the user may not create objects with one of these definers."""
    own = str(session.rows("SELECT CURRENT_USER()")[0][0])
    others = sorted(set(definers) - {own})
    held = privileges_on(session, None)
    if others and not held & {*FOREIGN_DEFINERS, ALL}:
        raise BackupError(
            f"The database user may not create objects with another definer: {', '.join(others)}",
            where=session.where,
            todo="GRANT SET USER ON *.* to it (MySQL: SET_ANY_DEFINER, before 8.2 SET_USER_ID),"
            " or use another user",
        )


def privileges_on(session: Session, schema: str | None) -> frozenset[str]:
    """Return the user's privileges on a schema, including those on all schemas (`*.*`).

    If `schema` is None, return only the privileges on all schemas. Includes the privileges of
    active roles, but not privileges on single tables. Raises `DatabaseError`.
    """
    whole: set[str] = set()
    revoked: set[str] = set()
    closest: dict[str, tuple[int, set[str]]] = {}
    for row in session.rows("SHOW GRANTS"):
        grant = GRANT.match(str(row[0])) or REVOKE.match(str(row[0]))
        if grant is None:
            continue
        privileges = {name.strip() for name in grant["privileges"].split(",")}
        if grant.re is REVOKE:
            revoked |= privileges if schema is not None and _name(grant) == schema else set()
        elif grant["schema"] == "*":
            whole |= privileges
        elif schema is not None and _covers(session, grant["schema"], schema):
            # If several grants to an account match, the server uses only the most specific one.
            closeness = len(WILDCARD.split(grant["schema"], maxsplit=1)[0])
            closest[grant["to"]] = max(
                closest.get(grant["to"], (0, set())), (closeness, privileges), key=itemgetter(0)
            )
    own = (privileges for _, privileges in closest.values())
    return frozenset((whole - revoked).union(*own))


def _name(grant: re.Match[str]) -> str:
    """Return the schema's name in a REVOKE, where _ and % are no wildcards."""
    return grant["schema"][1:-1].replace("``", "`")


def _missing(session: Session, schema: str, required: tuple[str, ...]) -> list[str]:
    held = privileges_on(session, schema)
    return [] if ALL in held else [name for name in required if name not in held]


def _covers(session: Session, granted: str, schema: str) -> bool:
    pattern = granted[1:-1].replace("``", "`")
    return bool(session.rows(COVERS, schema, pattern, schema, pattern)[0][0])
