"""Bodies of procedures and events that the database's own tools cannot load or dump."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.dump_format.bodies import (
    require_loadable_bodies,
    withheld_events_warnings,
)
from cosmicdeploy.database.schema.definitions import Definition, Definitions, Kind
from cosmicdeploy.errors import BackupError


def body(text: str, kind: Kind = "PROCEDURE", sql_mode: str = "") -> Definition:
    return Definition(
        kind=kind,
        name="o",
        statement=f"CREATE {kind} o() BEGIN {text} END",
        charset="utf8mb4",
        collation="utf8mb4_general_ci",
        sql_mode=sql_mode,
    )


@pytest.mark.parametrize(
    "text", ["DECLARE\ndelimiter INT;", "SET\nDELIMITER = 1;", "SELECT 'it\\'s'\r\nDelimiter;"]
)
def test_a_body_with_a_line_that_begins_with_delimiter_is_refused(text: str) -> None:
    with pytest.raises(BackupError, match=r"word DELIMITER.*procedure o"):
        require_loadable_bodies([body(text)])


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
    require_loadable_bodies([body(text)])


def test_a_backslash_escapes_no_quote_under_no_backslash_escapes() -> None:
    text = "SELECT 'a\\';\nDELIMITER x '"
    require_loadable_bodies([body(text)])
    with pytest.raises(BackupError, match="DELIMITER"):
        require_loadable_bodies([body(text, sql_mode="NO_BACKSLASH_ESCAPES")])


def test_only_an_event_with_the_delimiter_withholds_the_events() -> None:
    def warnings(*objects: Definition) -> list[str]:
        return withheld_events_warnings(
            Definitions(collation="utf8mb4_general_ci", objects=objects)
        )

    assert warnings(body("SELECT ';;';"), body("SELECT 1;", "EVENT")) == []
    assert "text of o" in warnings(body("SELECT ';;';", "EVENT"))[0]
