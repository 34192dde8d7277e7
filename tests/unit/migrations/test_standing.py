"""How far a pending migration has come by a run that nobody noted."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.shape import Column, Shape, TableShape
from cosmicdeploy.migrations.preview import preview
from cosmicdeploy.migrations.standing import Standing, standings

pytestmark = pytest.mark.unit

COLUMN = Column(type="int(11)", nullable=True)
SHAPE = Shape(
    tables={"t": TableShape(columns={"a": COLUMN, "b": COLUMN}, indexes=frozenset({"i"}))}
)


@pytest.mark.parametrize(
    ("statements", "standing"),
    [
        (["CREATE TABLE t (a INT, b INT)"], Standing.WHOLE),
        (["ALTER TABLE t ADD b INT", "ALTER TABLE t ADD INDEX i (b)"], Standing.WHOLE),
        (["SET foreign_key_checks = 0", "ALTER TABLE t ADD b INT"], Standing.WHOLE),
        (["ALTER TABLE t RENAME COLUMN c TO b", "DROP TABLE old"], Standing.WHOLE),
        (["INSERT INTO t VALUES (1, 2)", "ALTER TABLE t ADD b INT"], Standing.WHOLE),
        (["ALTER TABLE t ADD b INT", "ALTER TABLE t ADD c INT"], Standing.HALF),
        (["ALTER TABLE t ADD b INT", "UPDATE t SET b = 1 WHERE a = 1"], Standing.HALF),
        (["ALTER TABLE t ADD b INT", "ALTER TABLE t MODIFY a INT DEFAULT 3"], Standing.HALF),
        (["ALTER TABLE t ADD c INT"], Standing.NEW),
        (["ALTER TABLE t ADD b INT, ADD c INT"], Standing.NEW),
        (["CREATE TABLE t (a INT, other INT)"], Standing.NEW),
        (["CREATE TABLE IF NOT EXISTS t (a INT)"], Standing.NEW),
        (["DROP TABLE IF EXISTS t", "CREATE TABLE t (a INT)"], Standing.NEW),
        (["DROP TABLE old"], Standing.NEW),
        (["ALTER TABLE t MODIFY a INT"], Standing.NEW),
        (["SELECT 1"], Standing.NEW),
        ([], Standing.NEW),
    ],
)
def test_it_is_whole_only_where_all_of_it_shows(statements: list[str], standing: Standing) -> None:
    [found] = standings(preview({"m": statements}, SHAPE), SHAPE)
    assert found.standing is standing


def test_each_migration_is_judged_by_itself_and_told_by_its_statements() -> None:
    statements = {"one": ["ALTER TABLE t ADD b INT"], "two": ["ALTER TABLE t ADD c INT"]}
    one, two = standings(preview(statements, SHAPE), SHAPE)
    assert (one.standing, one.lines) == (Standing.WHOLE, ["done: one: ALTER TABLE t ADD b INT"])
    assert (two.standing, two.lines) == (Standing.NEW, ["not done: two: ALTER TABLE t ADD c INT"])
