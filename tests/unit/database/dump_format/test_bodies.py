"""Bodies of procedures and events that the database's tools cannot load or dump."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.dump_format.bodies import cut_objects, withheld_objects
from cosmicdeploy.database.schema.definitions import Definition, Definitions, Kind
from cosmicdeploy.database.vendors import MARIADB, MYSQL, Vendor

pytestmark = pytest.mark.unit


def body(text: str, kind: Kind = "PROCEDURE", sql_mode: str = "") -> Definition:
    return Definition(
        kind=kind,
        name="o",
        statement=f"CREATE {kind} o() BEGIN {text} END",
        charset="utf8mb4",
        collation="utf8mb4_general_ci",
        sql_mode=sql_mode,
    )


def withheld(*objects: Definition, vendor: Vendor = MARIADB) -> dict[str, str]:
    return withheld_objects(Definitions(collation="utf8mb4_general_ci", objects=objects), vendor)


@pytest.mark.parametrize(
    "text", ["DECLARE\ndelimiter INT;", "SET\nDELIMITER = 1;", "SELECT 'it\\'s'\r\nDelimiter;"]
)
def test_a_body_with_a_line_that_begins_with_delimiter_is_left_out_of_the_dump(text: str) -> None:
    [(kind, warning)] = withheld(body(text)).items()
    assert (
        kind == "routines"
        and "the text of procedure o has a line that begins with the word" in warning
    )


@pytest.mark.parametrize(
    "text",
    [
        "SET delimiter = 1;",
        "SET\n  DELIMITER = 1;",
        "SELECT '\nDELIMITER $$\n';",
        "/*\nDELIMITER $$\n*/",
        "SELECT\n`delimiter`;",
        "SELECT\ndelimiter_of_mine;",
        "-- it's\nSELECT '\ndelimiter x';",
    ],
)
def test_the_word_delimiter_elsewhere_is_accepted(text: str) -> None:
    assert withheld(body(text)) == {}


def test_a_backslash_escapes_no_quote_under_no_backslash_escapes() -> None:
    text = "SELECT 'a\\';\nDELIMITER x '"
    assert withheld(body(text)) == {}
    assert withheld(body(text, sql_mode="NO_BACKSLASH_ESCAPES")).keys() == {"routines"}


def test_a_function_and_a_procedure_with_the_same_name_are_both_named() -> None:
    text = "SELECT 'x\0';"
    [warning] = withheld(body(text), body(text, "FUNCTION")).values()
    assert "procedure o holds a NUL" in warning and "function o holds a NUL" in warning


def test_only_an_event_with_the_delimiter_withholds_the_events() -> None:
    assert withheld(body("SELECT ';;';"), body("SELECT 1;", "EVENT")) == {}
    [(kind, warning)] = withheld(body("SELECT ';;';", "EVENT")).items()
    assert kind == "events" and "the text of event o holds ;;" in warning


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("FUNCTION", "routines"),
        ("PACKAGE BODY", "routines"),
        ("TRIGGER", "triggers"),
        ("EVENT", "events"),
    ],
)
def test_a_body_with_a_nul_character_is_left_out_of_the_dump(kind: Kind, option: str) -> None:
    assert withheld(body("SELECT 'a\0b';", kind)).keys() == {option}


@pytest.mark.parametrize(
    ("text", "is_cut"),
    [
        ("SELECT 'a", True),
        ("SELECT 1 /* a", True),
        ('SELECT "a', True),
        ("SELECT 'it''s \\'', \"'\", `'` -- don't", False),
        ("/* 'a */ SELECT 1 # don't", False),
    ],
)
def test_an_event_whose_text_ends_within_a_string_or_comment_is_cut(
    text: str, is_cut: bool
) -> None:
    event = body("", "EVENT").model_copy(update={"statement": f"CREATE EVENT o DO {text}"})
    definitions = Definitions(collation="c", objects=(event,))
    assert cut_objects(definitions, MARIADB) == ["event o"] * is_cut


def test_only_mysql_cuts_the_text_of_a_routine() -> None:
    routine = body("").model_copy(update={"statement": "CREATE PROCEDURE o() SELECT 'a"})
    definitions = Definitions(collation="c", objects=(routine,))
    assert cut_objects(definitions, MYSQL) == ["procedure o"]
    assert cut_objects(definitions, MARIADB) == []


@pytest.mark.parametrize(
    ("text", "is_hidden"),
    [
        ("SELECT 1 -- it's", True),
        ("SELECT 1 # it's", True),
        ("SELECT 1 --", True),
        ("SELECT 1 -- a\n", False),
        ("SELECT '-- a'", False),
        ("SELECT 1 /* -- a */", False),
        ("SELECT 1 --2", False),
    ],
)
def test_a_body_that_ends_in_a_line_comment_is_left_out_of_a_dump_of_mysql(
    text: str, is_hidden: bool
) -> None:
    routine = body("").model_copy(update={"statement": f"CREATE PROCEDURE o() {text}"})
    assert withheld(routine, vendor=MYSQL).keys() == ({"routines"} if is_hidden else set())
    assert withheld(routine) == {}
