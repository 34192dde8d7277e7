"""Privileges on routines are granted again, or named with the statement that grants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pymysql
import pytest

from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.database.schema.rebuilding.routine_grants import (
    RoutineGrant,
    grant_again,
    lost_note,
    require_grantable,
    require_known_grants,
    unread_note,
)
from cosmicdeploy.database.schema.recreate import dropped_routines
from cosmicdeploy.database.swap.record import Record
from cosmicdeploy.database.vendors import MARIADB, MYSQL, Vendor
from cosmicdeploy.errors import BackupError, DatabaseError

pytestmark = pytest.mark.unit

GRANT = RoutineGrant(
    kind="FUNCTION", name="f`g", account="`a`@`%`", privileges=("Alter Routine", "Execute", "Grant")
)
NEVER_AN_ACCOUNT = "SET STATEMENT sql_mode = 'NO_AUTO_CREATE_USER' FOR"
UNREADABLE, NO_OPTION, GONE = 1142, 1044, 2013


class Session:
    """A session of a server with the functions `f` and `g`, and privileges on single routines.

    `reading` and `granting` are the numbers of the errors for reading and granting the privileges,
    0 for none.
    """

    where = "server"

    def __init__(
        self,
        grants: Sequence[tuple[str, ...]] = (),
        vendor: Vendor = MARIADB,
        *,
        reading: int = 0,
        granting: int = 0,
    ) -> None:
        self.grants = grants
        self.vendor = vendor
        self.reading = reading
        self.granting = granting
        self.ran: list[str] = []

    def rows(self, sql: str, *_: object) -> list[tuple[str, ...]]:
        if "procs_priv" in sql:
            _fail(self.reading)
            return [*self.grants]
        return [("f",), ("g",)] if "'FUNCTION'" in sql else []

    def execute(self, sql: str) -> None:
        _fail(self.granting)
        self.ran.append(sql)


def _fail(number: int) -> None:
    if number:
        raise DatabaseError("no") from pymysql.err.OperationalError(number, "no")


def test_the_statement_grants_what_was_recorded() -> None:
    assert GRANT.statement("li`ve") == (
        "GRANT ALTER ROUTINE, EXECUTE ON FUNCTION `li``ve`.`f``g` TO `a`@`%` WITH GRANT OPTION"
    )
    only_option = GRANT.model_copy(update={"privileges": ("Grant",)})
    assert only_option.statement("s").startswith("GRANT USAGE ON FUNCTION")
    assert GRANT.statement("live") in lost_note(GRANT, "live")


def test_unreadable_privileges_are_named_if_there_are_routines() -> None:
    routine = Definition(kind="FUNCTION", name="f", statement="", charset="", collation="")
    assert unread_note(None, Definitions(collation="")) == ()
    assert unread_note((), Definitions(collation="", objects=(routine,))) == ()
    [note] = unread_note(None, Definitions(collation="", objects=(routine,)))
    assert "GRANT SELECT ON mysql.procs_priv" in note


@pytest.mark.parametrize(
    ("vendor", "dropped"),
    [(MARIADB, [("FUNCTION", "g")]), (MYSQL, [("FUNCTION", "f"), ("FUNCTION", "g")])],
)
def test_a_routine_is_only_dropped_where_the_server_cannot_replace_it(
    vendor: Vendor, dropped: list[tuple[str, str]]
) -> None:
    session: Any = Session(vendor=vendor)
    assert dropped_routines(session, "live", {"function f", "view g"}) == dropped


def test_privileges_that_a_restore_would_drop_must_be_readable() -> None:
    session: Any = Session(reading=UNREADABLE)
    assert require_known_grants(session, "live", []) == ()
    with pytest.raises(BackupError, match="to drop: function f, function g") as caught:
        require_known_grants(session, "live", [("FUNCTION", "f"), ("FUNCTION", "g")])
    assert "GRANT SELECT ON mysql.procs_priv" in caught.value.todo
    known: Any = Session([("FUNCTION", "F", "a", "%", "Execute"), ("FUNCTION", "g", "a", "", "")])
    [found] = require_known_grants(known, "live", [("FUNCTION", "f")])
    assert (found.name, found.account) == ("F", "`a`@`%`")


def test_privileges_that_could_not_be_granted_again_are_refused_before_a_routine_is_dropped() -> (
    None
):
    session: Any = Session()
    require_grantable(session, "live", [GRANT])
    assert session.ran == [f"{NEVER_AN_ACCOUNT} {GRANT.statement('live')}"]
    refusing: Any = Session(granting=NO_OPTION)
    with pytest.raises(BackupError, match="`a`@`%` has privileges on function f`g") as caught:
        require_grantable(refusing, "live", [GRANT])
    assert "GRANT OPTION" in caught.value.todo
    gone: Any = Session(granting=GONE)
    with pytest.raises(DatabaseError):
        require_grantable(gone, "live", [GRANT])


def test_only_lost_privileges_are_granted_again_whatever_the_case_of_a_name() -> None:
    session: Any = Session([("FUNCTION", "F", "a", "%", "Execute,Alter Routine")])
    held = RoutineGrant(kind="FUNCTION", name="f", account="`a`@`%`", privileges=("Execute",))
    lost = held.model_copy(update={"name": "G"})
    absent = held.model_copy(update={"name": "absent"})
    assert grant_again(session, "live", [held, lost, absent]) == []
    assert session.ran == [f"{NEVER_AN_ACCOUNT} {lost.statement('live')}"]


def test_a_record_without_privileges_can_be_read_by_earlier_versions() -> None:
    none = Definitions(collation="")
    assert "grants" not in Record(leaving=none, coming=none).to_json()
    record = Record(leaving=none, coming=none, grants=(GRANT,))
    assert Record.model_validate_json(record.to_json()) == record
