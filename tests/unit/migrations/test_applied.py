"""How much of a pending migration the schema already shows as applied."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.tables.columns import LiveColumn
from cosmicdeploy.database.schema.tables.shape import Shape, TableShape
from cosmicdeploy.migrations.applied import AppliedState, applied_states
from cosmicdeploy.migrations.preview import preview

pytestmark = pytest.mark.unit

COLUMN = LiveColumn(type="int(11)", nullable=True)
SHAPE = Shape(
    tables={"t": TableShape(columns={"a": COLUMN, "b": COLUMN}, indexes=frozenset({"i"}))}
)


@pytest.mark.parametrize(
    ("statements", "applied"),
    [
        (["CREATE TABLE t (a INT, b INT)"], AppliedState.ALL),
        (["ALTER TABLE t ADD b INT", "ALTER TABLE t ADD INDEX i (b)"], AppliedState.ALL),
        (["SET foreign_key_checks = 0", "ALTER TABLE t ADD b INT"], AppliedState.ALL),
        (["ALTER TABLE t RENAME COLUMN c TO b", "DROP TABLE old"], AppliedState.ALL),
        (["INSERT INTO t VALUES (1, 2)", "ALTER TABLE t ADD b INT"], AppliedState.ALL),
        (["ALTER TABLE t ADD b INT", "ALTER TABLE t ADD c INT"], AppliedState.PART),
        (["ALTER TABLE t ADD b INT", "UPDATE t SET b = 1 WHERE a = 1"], AppliedState.PART),
        (["ALTER TABLE t ADD b INT", "ALTER TABLE t MODIFY a INT DEFAULT 3"], AppliedState.PART),
        (["ALTER TABLE t ADD c INT"], AppliedState.NONE),
        (["ALTER TABLE t ADD b INT, ADD c INT"], AppliedState.NONE),
        (["CREATE TABLE t (a INT, other INT)"], AppliedState.NONE),
        (["CREATE TABLE IF NOT EXISTS t (a INT)"], AppliedState.NONE),
        (["DROP TABLE IF EXISTS t", "CREATE TABLE t (a INT)"], AppliedState.NONE),
        (["DROP TABLE old"], AppliedState.NONE),
        (["ALTER TABLE t MODIFY a INT"], AppliedState.NONE),
        (["SELECT 1"], AppliedState.NONE),
        ([], AppliedState.NONE),
    ],
)
def test_a_migration_counts_as_applied_only_if_the_schema_shows_all_of_it(
    statements: list[str], applied: AppliedState
) -> None:
    [found] = applied_states(preview({"m": statements}, SHAPE), SHAPE)
    assert found.applied is applied


def test_each_migration_is_judged_alone_and_shown_by_its_statements() -> None:
    statements = {"one": ["ALTER TABLE t ADD b INT"], "two": ["ALTER TABLE t ADD c INT"]}
    one, two = applied_states(preview(statements, SHAPE), SHAPE)
    assert (one.applied, one.lines) == (AppliedState.ALL, ["done: one: ALTER TABLE t ADD b INT"])
    assert (two.applied, two.lines) == (
        AppliedState.NONE,
        ["not done: two: ALTER TABLE t ADD c INT"],
    )
