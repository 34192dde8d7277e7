"""Privileges granted on single routines: they are lost when the routine is dropped.

A definer may need these privileges: a view calls a function with the privileges of the view's
definer. So if a restore has to drop a routine, it grants the privileges on it again. Privileges on
tables need no such care, since they outlive the table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from cosmicdeploy.database.access import error_code, quoted
from cosmicdeploy.database.schema.definitions import (
    ROUTINES,
    Definitions,
    Kind,
    label_of,
    names_of,
)
from cosmicdeploy.database.session import Session, is_refusal
from cosmicdeploy.database.stored_model import StoredModel
from cosmicdeploy.errors import BackupError, DatabaseError

# The server's error numbers if the user may not read a table or its columns.
UNREADABLE = frozenset({1044, 1142, 1143})
GRANT_OPTION = "Grant"


class RoutineGrant(StoredModel):
    """What one account may do with one routine.

    `account` is quoted as in a GRANT; `privileges` are as the server stores them: Execute, Alter
    Routine, and Grant for the GRANT OPTION.
    """

    kind: Kind
    name: str
    account: str
    privileges: tuple[str, ...]

    def statement(self, schema: str) -> str:
        """Return the GRANT for the routine in this schema."""
        names = ", ".join(each.upper() for each in self.privileges if each != GRANT_OPTION)
        option = " WITH GRANT OPTION" if GRANT_OPTION in self.privileges else ""
        routine = f"{self.kind} {quoted(schema)}.{quoted(self.name)}"
        return f"GRANT {names or 'USAGE'} ON {routine} TO {self.account}{option}"

    @property
    def routine(self) -> tuple[str, str]:
        """The routine's kind and lower-case name: the server ignores the case of routine names."""
        return _routine(self.kind, self.name)


def _routine(kind: Kind, name: str) -> tuple[str, str]:
    return kind, name.lower()


def read_routine_grants(session: Session, schema: str) -> tuple[RoutineGrant, ...] | None:
    """Return all privileges on single routines of a schema; None if the user may not read them.

    Raises `DatabaseError`.
    """
    try:
        rows = session.rows(
            "SELECT routine_type, routine_name, user, host, proc_priv FROM mysql.procs_priv"
            " WHERE db = %s ORDER BY 1, 2, 3, 4",
            schema,
        )
    except DatabaseError as error:
        if error_code(error.__cause__) in UNREADABLE:
            return None
        raise
    return tuple(
        RoutineGrant(
            kind=kind,
            name=str(name),
            account=quoted(str(user)) + (f"@{quoted(str(host))}" if host else ""),
            privileges=tuple(sorted(str(privileges).split(","))),
        )
        for kind, name, user, host, privileges in rows
    )


def require_known_grants(
    session: Session, schema: str, routines: Collection[tuple[Kind, str]]
) -> tuple[RoutineGrant, ...]:
    """Return the privileges on these routines of a schema, which a restore has to drop.

    Raises `BackupError` if the user may not read the privileges, and `DatabaseError` if the server
    does not answer.
    """
    if not routines:
        return ()
    grants = read_routine_grants(session, schema)
    if grants is None:
        labels = ", ".join(label_of(kind, name) for kind, name in routines)
        raise BackupError(
            "This user may not read which privileges are granted on single routines. They are lost"
            f" with each routine that a restore has to drop: {labels}",
            where=session.where,
            todo="GRANT SELECT ON mysql.procs_priv to it, or use another user",
        )
    sought = {_routine(kind, name) for kind, name in routines}
    return tuple(each for each in grants if each.routine in sought)


def require_grantable(session: Session, schema: str, grants: Iterable[RoutineGrant]) -> None:
    """Raise `BackupError` if the user may not grant these existing privileges again.

    To find out, grants each of them, which changes nothing since the accounts already have them.
    Raises `DatabaseError` if the server does not answer.
    """
    for each in grants:
        try:
            _grant(session, schema, each)
        except DatabaseError as error:
            if not is_refusal(error):
                raise
            raise BackupError(
                f"{each.account} has privileges on {label_of(each.kind, each.name)}, which this"
                f" user may not grant again: {error.what}",
                where=session.where,
                todo="use a user with the GRANT OPTION, or REVOKE these privileges and GRANT them"
                " again after the restore",
            ) from error


def unread_note(
    grants: tuple[RoutineGrant, ...] | None, definitions: Definitions
) -> tuple[str, ...]:
    """Return a line if `grants` could not be read, and there are routines; else no line."""
    if grants is not None or not definitions.of(*ROUTINES):
        return ()
    return (
        "privileges granted on single routines are not known, so a restore may lose them:"
        " GRANT SELECT ON mysql.procs_priv to this user",
    )


def lost_grants(
    session: Session, schema: str, recorded: Iterable[RoutineGrant]
) -> list[RoutineGrant]:
    """Return the recorded privileges on existing routines that the accounts do not have.

    Returns an empty list if the user may not read the privileges. Raises `DatabaseError`.
    """
    recorded = tuple(recorded)
    present = read_routine_grants(session, schema) if recorded else None
    if present is None:
        return []
    held = {(each.routine, each.account): set(each.privileges) for each in present}
    routines = {
        _routine(kind, name) for kind in ROUTINES for name in names_of(session, schema, kind)
    }
    return [
        each
        for each in recorded
        if each.routine in routines
        and not set(each.privileges) <= held.get((each.routine, each.account), set())
    ]


def grant_again(session: Session, schema: str, recorded: Sequence[RoutineGrant]) -> list[str]:
    """Grant recorded privileges on existing routines again if they are lost.

    Returns a line for each privilege that the server refuses to grant. Raises `DatabaseError` for
    an error that says nothing about the privilege, such as a lost connection.
    """
    notes = []
    for grant in lost_grants(session, schema, recorded):
        try:
            _grant(session, schema, grant)
        except DatabaseError as error:
            if not is_refusal(error):
                raise
            notes.append(lost_note(grant, schema))
    return notes


def _grant(session: Session, schema: str, grant: RoutineGrant) -> None:
    session.execute(session.vendor.before_grant + grant.statement(schema))


def lost_note(grant: RoutineGrant, schema: str) -> str:
    """Return the line about an account that has lost its privileges on a routine."""
    return (
        f"{grant.account} has lost {', '.join(grant.privileges)} on {grant.kind.lower()}"
        f" {grant.name}: run {grant.statement(schema)} as the server's administrator"
    )
