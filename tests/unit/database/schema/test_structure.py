"""Two structures are compared object by object, and a difference is named."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.database.schema.rebuilding.structure import Structure, structure_differences
from cosmicdeploy.database.schema.tables.table_texts import COUNTER

pytestmark = pytest.mark.unit

TABLE = "CREATE TABLE `t` (\n  `a` int(11) DEFAULT NULL,\n  `b` int(11)\n) ENGINE=InnoDB"
VIEW = Definition(
    kind="VIEW", name="v", statement="CREATE VIEW `v` AS select 1", charset="utf8mb4", collation="c"
)


def structure(
    table: str | None = TABLE, view: Definition | None = VIEW, digest: str = "d"
) -> Structure:
    return Structure(
        tables={} if table is None else {"t": table},
        definitions=Definitions(collation="c", objects=(view,) if view else ()),
        digest=digest,
    )


def test_equal_structures_have_no_differences() -> None:
    assert structure_differences(structure(), structure()) == {}


@pytest.mark.parametrize(
    ("other", "name", "reason"),
    [
        (structure(None), "table t", "missing"),
        (
            structure(TABLE.replace("`b` int", "`b` bigint")),
            "table t",
            "`b` int(11) becomes `b` bigint(11)",
        ),
        (
            structure(TABLE.replace("InnoDB", "InnoDB ROW_FORMAT=DYNAMIC")),
            "table t",
            ") ENGINE=InnoDB becomes ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC",
        ),
        (structure(TABLE + "\nPARTITION BY x"), "table t", "nothing becomes PARTITION BY x"),
        (structure(view=None), "view v", "missing"),
        (
            structure(view=VIEW.model_copy(update={"statement": "x", "sql_mode": "y"})),
            "view v",
            "another statement and sql mode",
        ),
        (structure(digest="e"), "the schema", "its columns, indexes or constraints differ"),
    ],
)
def test_a_difference_is_named(other: Structure, name: str, reason: str) -> None:
    assert structure_differences(structure(), other) == {name: reason}


@pytest.mark.parametrize("end", ["\u2028", "\x0b", "\r", "\n"])
def test_a_difference_in_line_ends_is_named(end: str) -> None:
    other = structure(TABLE.replace("`b`", f"`b{end}`"))
    assert "table t" in structure_differences(structure(TABLE), other)
    longer = structure(TABLE + end)
    assert "table t" in structure_differences(structure(TABLE), longer)


def test_a_long_line_is_shortened() -> None:
    other = structure(TABLE.replace("int(11) DEFAULT NULL", f"enum('{'x' * 5000}')"))
    [reason] = structure_differences(structure(), other).values()
    assert len(reason) < 500


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ") ENGINE=InnoDB AUTO_INCREMENT=4711 COMMENT=' AUTO_INCREMENT=5'",
            ") ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=5'",
        ),
        (
            ") /*!50100 TABLESPACE `x` */ ENGINE=InnoDB AUTO_INCREMENT=4711 DEFAULT",
            ") /*!50100 TABLESPACE `x` */ ENGINE=InnoDB DEFAULT",
        ),
        (
            ") ENGINE=InnoDB COMMENT='ENGINE=InnoDB AUTO_INCREMENT=4711'",
            ") ENGINE=InnoDB COMMENT='ENGINE=InnoDB AUTO_INCREMENT=4711'",
        ),
    ],
)
def test_only_the_counter_of_a_table_is_left_out(options: str, expected: str) -> None:
    text = "CREATE TABLE `t` (\n  `a` int\n"
    assert COUNTER.sub(r"\1", text + options) == text + expected
