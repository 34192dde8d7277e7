"""Keys, foreign keys and partitions of a table."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.stack.database.generated.columns import ID, Column, comment, one_in
from tests.stack.database.generated.flavour import Flavour, identifier
from tests.stack.database.generated.names import Names
from tests.stack.database.generated.types import ColumnType

ACTIONS = (
    "",
    " ON DELETE CASCADE",
    " ON DELETE SET NULL ON UPDATE CASCADE",
    " ON UPDATE NO ACTION",
)


def keys(
    draw: DrawFn, names: Names, flavour: Flavour, drawn: Sequence[Column], *, is_partitioned: bool
) -> list[str]:
    """Return up to three keys as lines of a CREATE TABLE."""
    candidates = [each for each in drawn[1:] if each.type.key]
    if not candidates:
        return []
    chosen = [draw(st.sampled_from(candidates)) for _ in range(draw(st.integers(0, 3)))]
    return [_key(draw, names, flavour, each, is_partitioned) for each in chosen]


def _key(draw: DrawFn, names: Names, flavour: Flavour, column: Column, is_partitioned: bool) -> str:
    name, quoted = identifier(names.next()), identifier(column.name)
    if column.type.key == "spatial":
        if column.not_null:
            return f"SPATIAL KEY {name} ({quoted})"
        return f"KEY {name} ({quoted}(9))"
    if column.type.allows_fulltext and not is_partitioned and one_in(draw, 3):
        return f"FULLTEXT KEY {name} ({quoted})"
    if not flavour.is_mariadb and one_in(draw, 4):
        expression = draw(
            st.sampled_from(
                [
                    f"UPPER(LEFT({quoted}, 3))",
                    f"LENGTH({quoted}) + 1",
                    f"CAST({identifier(ID)} AS CHAR(9))",
                ]
            )
        )
        return f"KEY {name} (({expression}))"
    length = f"({draw(st.integers(1, 9))})" if column.type.key == "prefix" else ""
    part = quoted + length + (" DESC" if one_in(draw, 4) else "")
    if one_in(draw, 4):
        part += f", {identifier(ID)}"
    unique = "UNIQUE " if not is_partitioned and one_in(draw, 4) else ""
    hidden = "IGNORED" if flavour.is_mariadb else "INVISIBLE"
    return f"{unique}KEY {name} ({part}) {hidden if one_in(draw, 6) else ''} {comment(draw, '')}"


def foreign_key(
    draw: DrawFn, column: str, name: str, table: str, id_type: str
) -> tuple[Column, str]:
    """Return a column that refers to the id of another table, and the line of its constraint."""
    action = draw(st.sampled_from(ACTIONS))
    key = Column(
        column, ColumnType(sql=id_type, values=()), f"{identifier(column)} {id_type}", ("0", "NULL")
    )
    line = (
        f"CONSTRAINT {identifier(name)} FOREIGN KEY ({identifier(column)})"
        f" REFERENCES {identifier(table)} ({identifier(ID)}){action}"
    )
    return key, line


def partitions(draw: DrawFn, names: Names, sql_mode: str) -> str:
    """Return the partitions of a table by its id."""
    first, second = (f"PARTITION {identifier(names.next())}" for _ in range(2))
    quoted, text = identifier(ID), comment(draw, sql_mode)
    ranges = f"({first} VALUES LESS THAN (2) {text}, {second} VALUES LESS THAN MAXVALUE)"
    kinds = [
        f"HASH ({quoted}) PARTITIONS 3",
        f"LINEAR KEY ({quoted}) PARTITIONS 2",
        f"RANGE ({quoted}) {ranges}",
        f"RANGE COLUMNS ({quoted})"
        f" ({first} VALUES LESS THAN (2), {second} VALUES LESS THAN (MAXVALUE))",
        f"LIST ({quoted}) ({first} VALUES IN (0, 2) {text}, {second} VALUES IN (1, 3))",
        f"RANGE ({quoted}) SUBPARTITION BY HASH ({quoted}) SUBPARTITIONS 2 {ranges}",
    ]
    return f" PARTITION BY {draw(st.sampled_from(kinds))}"
