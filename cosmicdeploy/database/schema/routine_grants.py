"""Privileges on single routines, which the server revokes when a routine is dropped."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from cosmicdeploy.database.access import ACCESS_DENIED, error_code, quoted
from cosmicdeploy.database.schema.definitions import Definition, names_of
from cosmicdeploy.database.session import Session, is_refusal
from cosmicdeploy.database.stored_model import StoredModel
from cosmicdeploy.errors import BackupError, DatabaseError

# Numbers of the server's errors about a privilege that the user lacks.
FORBIDDEN = ACCESS_DENIED | {1142, 1143, 1227, 1370}
GRANT_OPTION = "Grant"


class RoutineGrant(StoredModel):
    """Privileges of an account on one routine; `privileges` are in the server's words."""

    kind: Literal["FUNCTION", "PROCEDURE"]
    name: str
    user: str
    host: str
    privileges: tuple[str, ...]

    def statement(self, schema: str) -> str:
        """Return the statement that grants them in this schema."""
        named = [each for each in self.privileges if each != GRANT_OPTION] or ["USAGE"]
        option = " WITH GRANT OPTION" if GRANT_OPTION in self.privileges else ""
        return (
            f"GRANT {', '.join(named)} ON {self.kind} {quoted(schema)}.{quoted(self.name)}"
            f" TO {quoted(self.user)}@{quoted(self.host)}{option}"
        )


def read_routine_grants(
    session: Session, schema: str, routines: Collection[Definition]
) -> tuple[RoutineGrant, ...]:
    """Return the privileges on these routines of a schema.

    Raises `BackupError` if the user may not read them, and `DatabaseError` if the server does not
    answer.
    """
    if not routines:
        return ()
    try:
        rows = session.rows(
            "SELECT routine_type, routine_name, user, host, proc_priv FROM mysql.procs_priv"
            " WHERE db = %s ORDER BY routine_type, routine_name, user, host",
            schema,
        )
    except DatabaseError as error:
        if error_code(error.__cause__) not in FORBIDDEN:
            raise
        raise BackupError(
            "This user may not read which privileges are granted on single routines, and the server"
            f" revokes those on {', '.join(each.label for each in routines)}",
            where=session.where,
            todo="GRANT SELECT ON mysql.procs_priv to it, or use another user",
        ) from error
    wanted = {_key(each.kind, each.name) for each in routines}
    return tuple(
        RoutineGrant(kind=kind, name=name, user=user, host=host, privileges=_words(privileges))
        for kind, name, user, host, privileges in rows
        if _key(kind, name) in wanted
    )


def _key(kind: str, name: str) -> tuple[str, str]:
    """The server ignores the case of a routine's name."""
    return kind, name.lower()


def _words(privileges: str | Iterable[str]) -> tuple[str, ...]:
    """Return the members of a SET column, which a driver may deliver as a text."""
    members = privileges.split(",") if isinstance(privileges, str) else privileges
    return tuple(sorted(filter(None, members)))


def grant(session: Session, schema: str, grants: Iterable[RoutineGrant]) -> None:
    """Grant these privileges again, on the routines that exist; a second call changes nothing.

    Raises `DatabaseError`.
    """
    grants = tuple(grants)
    kinds: set[Literal["FUNCTION", "PROCEDURE"]] = {each.kind for each in grants}
    existing = {_key(kind, name) for kind in kinds for name in names_of(session, schema, kind)}
    for each in grants:
        if _key(each.kind, each.name) in existing:
            session.execute(each.statement(schema))


def require_grantable(session: Session, schema: str, grants: Iterable[RoutineGrant]) -> None:
    """Raise `BackupError` if the user may not grant these privileges, which the accounts have.

    Raises `DatabaseError` if the server does not answer.
    """
    for each in grants:
        try:
            grant(session, schema, [each])
        except DatabaseError as error:
            if not is_refusal(error):
                raise
            raise BackupError(
                f"{each.user}@{each.host} has privileges on {each.kind.lower()} {each.name}, which"
                f" this user may not grant again: {error.what}",
                where=session.where,
                todo="use a user with the GRANT OPTION, or REVOKE them and GRANT them again after"
                " the restore",
            ) from error
