"""Columns compared with those of another server version."""

import pytest

from cosmicdeploy.database.schema.tables.columns import Column
from cosmicdeploy.database.schema.tables.outline import column_changes, incompatibilities

pytestmark = pytest.mark.unit


def column(type_: str, *, nullable: bool = False, fills_itself: bool = False) -> Column:
    return Column(type=type_, nullable=nullable, fills_itself=fills_itself)


def test_different_wording_of_server_versions_is_not_a_change() -> None:
    then = {"a": {"x": column("bigint(20) unsigned"), "y": column("tinyint(1)", nullable=True)}}
    now = {
        "a": {
            "x": column("bigint unsigned", fills_itself=True),
            "y": column("tinyint", nullable=True),
        },
        "added": {"z": column("int")},
    }
    assert column_changes(then, now) == []
    assert incompatibilities(then, now) == []
    assert incompatibilities({"a": now["a"]}, then) == []


def test_a_width_that_is_no_display_width_is_a_change() -> None:
    wide = {"a": {"x": column("int(8) unsigned zerofill"), "y": column("enum('int(8)')")}}
    narrow = {"a": {"x": column("int(5) unsigned zerofill"), "y": column("enum('int(5)')")}}
    assert len(column_changes(wide, narrow)) == 2
    assert len(incompatibilities(wide, narrow)) == 2


def test_a_column_that_differs_is_reported() -> None:
    then = {"a": {"x": column("int(11)"), "y": column("varchar(9)"), "gone": column("text")}}
    now = {"a": {"x": column("int", nullable=True), "y": column("varchar(8)"), "z": column("text")}}
    assert column_changes(then, now) == [
        "column a.gone is missing instead of text NOT NULL",
        "column a.x is int NULL instead of int NOT NULL",
        "column a.y is varchar(8) NOT NULL instead of varchar(9) NOT NULL",
        "column a.z is text NOT NULL instead of missing",
    ]
