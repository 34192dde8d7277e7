"""Privileges on routines are granted again, or named with the statement that grants them."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.database.schema.rebuilding.routine_grants import (
    RoutineGrant,
    lost_note,
    unread_note,
)

pytestmark = pytest.mark.unit

GRANT = RoutineGrant(
    kind="FUNCTION", name="f`g", account="`a`@`%`", privileges=("Alter Routine", "Execute", "Grant")
)


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
