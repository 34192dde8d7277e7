"""Whether the schema shows the effect of a statement, before and after a migration."""

from __future__ import annotations

from collections.abc import Set

import pytest

from cosmicdeploy.database.schema.tables.columns import LiveColumn
from cosmicdeploy.database.schema.tables.shape import Shape, TableShape
from cosmicdeploy.migrations.effects import is_in_effect
from cosmicdeploy.migrations.preview import from_records, outcomes, preview

pytestmark = pytest.mark.unit


def shape(*columns: str, indexes: tuple[str, ...] = (), **others: TableShape) -> Shape:
    by_name = {name: LiveColumn(type="int(11)", nullable=True) for name in columns}
    return Shape(tables={"t": TableShape(columns=by_name, indexes=frozenset(indexes)), **others})


@pytest.mark.parametrize(
    ("sql", "before", "after"),
    [
        ("CREATE TABLE x (id INT)", shape("a"), shape("a", x=TableShape())),
        ("DROP TABLE x", shape("a", x=TableShape()), shape("a")),
        ("ALTER TABLE t RENAME TO x", shape("a"), Shape(tables={"x": TableShape()})),
        ("ALTER TABLE t ADD b INT", shape("a"), shape("a", "b")),
        ("ALTER TABLE t ADD b INT, DROP a", shape("a"), shape("b")),
        ("ALTER TABLE t RENAME COLUMN a TO b", shape("a"), shape("b")),
        ("ALTER TABLE t CHANGE a b INT", shape("a"), shape("b")),
        ("ALTER TABLE t ADD INDEX i (a)", shape("a"), shape("a", indexes=("i",))),
        ("ALTER TABLE t ADD UNIQUE `i` (a)", shape("a"), shape("a", indexes=("i",))),
        ("CREATE INDEX i ON t (a)", shape("a"), shape("a", indexes=("i",))),
        ("DROP INDEX i ON t", shape("a", indexes=("i",)), shape("a")),
        (
            "ALTER TABLE t MODIFY a BIGINT",
            shape("a"),
            Shape(
                tables={
                    "t": TableShape(columns={"a": LiveColumn(type="bigint(20)", nullable=True)})
                }
            ),
        ),
    ],
)
def test_the_schema_shows_whether_a_statement_was_applied(
    sql: str, before: Shape, after: Shape
) -> None:
    assert is_in_effect(sql, before) is False
    assert is_in_effect(sql, after) is True


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = 1",
        "CREATE TRIGGER x",
        "ALTER TABLE t ADD KEY (a)",
        "ALTER TABLE t MODIFY a TEXT(10)",
        "DROP TABLE other.t",
    ],
)
def test_an_effect_that_the_schema_does_not_show_is_unknown(sql: str) -> None:
    assert is_in_effect(sql, shape("a")) is None


FAILED = {"m1": ["UPDATE t SET a = 1"], "m2": ["UPDATE t SET a = 2", "ALTER TABLE t ADD b INT"]}


def states(after: Shape, ran: Set[str], undone: Set[str] = frozenset()) -> list[str]:
    recorded = from_records([s.facts() for s in preview(FAILED, shape("a"))])
    return [outcome.state for outcome in outcomes(recorded, after, ran, undone)]


def test_statements_before_an_applied_one_count_as_applied() -> None:
    assert states(shape("a", "b"), {"m1"}) == ["done", "done", "done"]


def test_whether_only_rows_were_changed_cannot_be_known() -> None:
    assert states(shape("a"), {"m1"}) == ["done", "cannot be known", "not done"]
    assert states(shape("a"), set()) == ["cannot be known", "cannot be known", "not done"]
    assert states(shape("a"), set(), {"m1", "m2"}) == ["not done", "not done", "not done"]


def test_an_effect_that_existed_before_proves_nothing() -> None:
    (statement,) = preview({"m": ["CREATE TABLE t (id INT)"]}, shape("a"))
    assert statement.in_effect
    (outcome,) = outcomes([statement], shape("a"), set())
    assert outcome.state == "cannot be known"


def test_a_migration_without_shown_statements_is_refused() -> None:
    (statement,) = preview({"m": []}, shape("a"))
    assert statement.is_refused and statement.kind == "unknown"


def test_values_of_rows_are_not_recorded() -> None:
    statements = {"m": ["INSERT INTO t VALUES ('s3cret')", "CREATE USER u IDENTIFIED BY 's3cret'"]}
    assert "s3cret" not in str([s.facts() for s in preview(statements, shape("a"))])
    (statement,) = preview({"m": ["ALTER TABLE t ADD e ENUM('a')"]}, shape("a"))
    assert "'a'" in statement.sql, "the values of an enum are part of the schema"
