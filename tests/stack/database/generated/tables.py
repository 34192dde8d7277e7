"""Tables with keys, constraints, partitions and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.stack.database.generated.columns import (
    ID,
    Column,
    columns,
    comment,
    generated_column,
    id_column,
    one_in,
)
from tests.stack.database.generated.flavour import (
    NO_BACKSLASH_ESCAPES,
    Flavour,
    Statement,
    identifier,
    string,
)
from tests.stack.database.generated.keys import foreign_key, keys, partitions
from tests.stack.database.generated.names import Names

# Modes in which tables are created. Most of them accept values that the strict mode refuses.
SQL_MODES = (
    *("STRICT_TRANS_TABLES", "", "ANSI_QUOTES", "NO_AUTO_VALUE_ON_ZERO"),
    *(NO_BACKSLASH_ESCAPES, "PIPES_AS_CONCAT,ANSI_QUOTES,NO_BACKSLASH_ESCAPES"),
)
OPTIONS = (
    *("CHARACTER SET utf8mb4", "CHARACTER SET latin1 COLLATE latin1_german1_ci"),
    *(
        "COLLATE utf8mb4_bin",
        "CHARACTER SET utf8mb3",
        "ROW_FORMAT=COMPRESSED",
        "ROW_FORMAT=COMPACT",
    ),
    *("ROW_FORMAT=DYNAMIC KEY_BLOCK_SIZE=8", "AUTO_INCREMENT=4711", "CHECKSUM=1", "MAX_ROWS=7"),
    *("STATS_PERSISTENT=0 STATS_AUTO_RECALC=1", "PACK_KEYS=1", "AVG_ROW_LENGTH=77"),
)
OWN_OPTIONS = {
    "MariaDB": ("PAGE_COMPRESSED=1", "PAGE_CHECKSUM=1", "TRANSACTIONAL=1"),
    "MySQL": ("AUTOEXTEND_SIZE=4M", "COMMENT='x' DELAY_KEY_WRITE=1", "COMPRESSION='zlib'"),
}
# A backup refuses each table with such an option, and names the table.
REFUSED_OPTIONS = {
    "MariaDB": ("ENGINE=MyISAM", "ENGINE=Aria", "ENGINE=MEMORY", "WITH SYSTEM VERSIONING"),
    "MySQL": ("ENGINE=MyISAM", "ENGINE=MEMORY", "ENGINE=ARCHIVE", "ENGINE=BLACKHOLE"),
}


@dataclass(frozen=True)
class Table:
    """A table that other objects use; with `has_unique_id`, a foreign key may refer to its id."""

    name: str
    columns: tuple[Column, ...]
    has_unique_id: bool

    @property
    def id_type(self) -> str:
        return self.columns[0].type.sql


@st.composite
def tables(
    draw: DrawFn, names: Names, flavour: Flavour, name: str, earlier: Sequence[Table]
) -> tuple[Table, list[Statement]]:
    """Return a table with the statements that create and fill it."""
    sql_mode = draw(st.sampled_from(SQL_MODES))
    inner = Names(draw, 0)
    drawn = [id_column(draw)]
    drawn += [draw(columns(inner, flavour, sql_mode)) for _ in range(draw(st.integers(1, 5)))]
    if one_in(draw, 4):
        drawn.append(generated_column(draw, inner, drawn[1:]))
    lines = [each.definition for each in drawn]
    has_key = not one_in(draw, 8) or "AUTO_INCREMENT" in lines[0]
    lines += [f"PRIMARY KEY ({identifier(ID)})"] if has_key else []
    # No server accepts partitions in a table with a spatial column.
    can_divide = has_key and all(each.type.key != "spatial" for each in drawn)
    partition = partitions(draw, inner, sql_mode) if can_divide and one_in(draw, 5) else ""
    lines += keys(draw, inner, flavour, drawn, is_partitioned=bool(partition))
    referable = [each for each in earlier if each.has_unique_id]
    if referable and not partition and draw(st.booleans()):
        other = draw(st.sampled_from(referable))
        key, line = foreign_key(draw, inner.next(), names.next(), other.name, other.id_type)
        drawn.append(key)
        lines += [key.definition, line]
    if "AUTO_INCREMENT" not in lines[0] and one_in(draw, 6):
        text = string("it's \\", sql_mode)
        lines.append(
            f"CONSTRAINT {identifier(names.next())} CHECK ({identifier(ID)} < 30000 OR '' = {text})"
        )
    sql = (
        f"CREATE TABLE {identifier(name)} ("
        + ", ".join(lines)
        + ") "
        + _options(draw, flavour, sql_mode)
    )
    feature = "partitioned table" if partition else "table"
    create = Statement(
        kind="TABLE", name=name, sql=sql + partition, feature=feature, sql_mode=sql_mode
    )
    rows = _rows(draw, name, drawn, sql_mode)
    return Table(name, tuple(drawn), has_unique_id=has_key and not partition), [create, *rows]


def _options(draw: DrawFn, flavour: Flavour, sql_mode: str) -> str:
    if one_in(draw, 40):
        return draw(st.sampled_from(REFUSED_OPTIONS[flavour.vendor]))
    if one_in(draw, 3):
        options = draw(st.sampled_from([*OPTIONS, *OWN_OPTIONS[flavour.vendor]]))
        return options if "COMMENT" in options else f"{options} {comment(draw, sql_mode)}"
    return comment(draw, sql_mode)


def _rows(draw: DrawFn, table: str, drawn: Sequence[Column], sql_mode: str) -> list[Statement]:
    """Return statements that insert rows with a value for each column that is not generated."""
    filled = [each for each in drawn if each.values]
    listed = ", ".join(identifier(each.name) for each in [drawn[0], *filled])
    statements = []
    for number in range(draw(st.integers(0, 4))):
        values = [str(number), *(draw(st.sampled_from(each.values)) for each in filled)]
        sql = f"INSERT INTO {identifier(table)} ({listed}) VALUES ({', '.join(values)})"
        statements.append(
            Statement(kind="ROW", name=table, sql=sql, feature="row", sql_mode=sql_mode)
        )
    return statements
