"""A view that names its schema is created in another schema with the other schema's name."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.definitions import Definition, Definitions, Kind
from cosmicdeploy.database.schema.rebuilding.relocation import (
    bodies_naming,
    relocated,
)

pytestmark = pytest.mark.unit

HEAD = "CREATE ALGORITHM=UNDEFINED DEFINER=`live`@`%` SQL SECURITY DEFINER VIEW `v` AS "


def moved(text: str, kind: Kind = "VIEW", source: str = "live", target: str = "shadow") -> str:
    view = Definition(kind=kind, name="v", statement=text, charset="utf8mb4", collation="x")
    [result] = relocated(Definitions(collation="x", objects=(view,)), source, target).objects
    return result.statement


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (  # a column whose name holds what separates quoted names
            "select `live`.`a``.``b` AS `x` from `live`.`t` `live`",
            "select `live`.`a``.``b` AS `x` from `shadow`.`t` `live`",
        ),
        (  # a table, a column and an alias with the schema's name
            "select `live`.`f`(`live`.`live`) AS `live` from `live`.`live` `live`",
            "select `shadow`.`f`(`live`.`live`) AS `live` from `shadow`.`live` `live`",
        ),
        (
            "select `live`.`live`.`a` AS `a` from ((`live`.`live` join (select `live`.`id` AS `id`"
            " from `live`.`t` `live`) `x`) left join `live`.`u` on(`live`.`u`.`id` = `x`.`id`))",
            "select `shadow`.`live`.`a` AS `a` from ((`shadow`.`live` join (select `live`.`id` AS"
            " `id` from `shadow`.`t` `live`) `x`) left join `shadow`.`u` on(`shadow`.`u`.`id` ="
            " `x`.`id`))",
        ),
        (
            "select `live`.`t`.`id` AS `id` from (`live`.`t` join `mysql`.`user`)",
            "select `shadow`.`t`.`id` AS `id` from (`shadow`.`t` join `mysql`.`user`)",
        ),
        (
            "select `live`.`half`(`t`.`id`) AS `h` from `t`",
            "select `shadow`.`half`(`t`.`id`) AS `h` from `t`",
        ),
        (
            "select '`live`.`t`.`x`' AS `it\\'s`,`live`.`t`.`a` AS `a` from `live`.`t`",
            "select '`live`.`t`.`x`' AS `it\\'s`,`shadow`.`t`.`a` AS `a` from `shadow`.`t`",
        ),
        (
            "select 'it''s \\\\' AS `a``live`,`live`.`f`('\\'') AS `b` from `other`.`live`",
            "select 'it''s \\\\' AS `a``live`,`shadow`.`f`('\\'') AS `b` from `other`.`live`",
        ),
    ],
)
def test_the_schema_is_replaced_where_the_text_names_it(before: str, after: str) -> None:
    assert moved(HEAD + before) == HEAD + after
    assert moved(HEAD + after, source="shadow", target="live") == HEAD + before


def test_views_of_two_schemas_are_compared_without_their_names() -> None:
    full = "select `shadow`.`f`(`shadow`.`t`.`id`) AS `a`,`g`() AS `b` from `shadow`.`t`"
    compact = "select `live`.`f`(`t`.`id`) AS `a`,`g`() AS `b` from `t`"
    bare = "select `f`(`t`.`id`) AS `a`,`g`() AS `b` from `t`"
    assert moved(HEAD + full, source="shadow", target="") == HEAD + bare
    assert moved(HEAD + compact, target="") == HEAD + bare


@pytest.mark.parametrize(
    "text",
    [
        "select `live`.`id` AS `id` from `live`",  # a table with the schema's name
        "select `t`.`live` AS `live` from `t`",
        "select `other`.`t`.`id` AS `id` from `other`.`t`",
        "select 1 AS `1`",
    ],
)
def test_a_view_that_does_not_name_its_schema_is_unchanged(text: str) -> None:
    assert moved(HEAD + text) == HEAD + text


def test_a_body_is_unchanged() -> None:
    """The server resolves a body's names only when the routine runs, in its final schema."""
    text = "CREATE DEFINER=`r`@`%` PROCEDURE `p`() SELECT * FROM `live`.`t`"
    assert moved(text, "PROCEDURE") == text


def test_a_name_with_backticks_is_replaced() -> None:
    text = "select `li``ve`.`f`(1) AS `f`"
    assert moved(HEAD + text, source="li`ve") == HEAD + "select `shadow`.`f`(1) AS `f`"


@pytest.mark.parametrize(
    ("body", "names_it"),
    [
        ("SELECT * FROM `live`.`t`", True),
        ("SELECT * FROM LIVE . t", True),
        ("CALL live.p()", True),
        ("SELECT live FROM `live`", False),
        ("SELECT * FROM alive.t JOIN `alive`.`t` JOIN live_2.t", False),
    ],
)
def test_a_body_that_names_its_schema_is_recognized(body: str, names_it: bool) -> None:
    objects = [
        Definition(kind=kind, name="o", statement=f"CREATE {body}", charset="utf8mb4", collation="")
        for kind in ("PROCEDURE", "EVENT", "VIEW")
    ]
    assert bodies_naming(objects, "live") == ["procedure o", "event o"] * names_it
