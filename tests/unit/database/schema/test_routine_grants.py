"""Privileges on single routines, as statements that grant them again."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.routine_grants import RoutineGrant

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("privileges", "statement"),
    [
        (("Execute",), "GRANT Execute ON FUNCTION `l``s`.`f` TO `it's`@`%`"),
        (
            ("Alter Routine", "Execute", "Grant"),
            "GRANT Alter Routine, Execute ON FUNCTION `l``s`.`f` TO `it's`@`%` WITH GRANT OPTION",
        ),
        (("Grant",), "GRANT USAGE ON FUNCTION `l``s`.`f` TO `it's`@`%` WITH GRANT OPTION"),
    ],
)
def test_privileges_are_granted_in_the_servers_words(
    privileges: tuple[str, ...], statement: str
) -> None:
    grant = RoutineGrant(kind="FUNCTION", name="f", user="it's", host="%", privileges=privileges)
    assert grant.statement("l`s") == statement
