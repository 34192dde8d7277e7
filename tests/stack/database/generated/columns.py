"""Columns: defaults, generated and invisible ones, comments and checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.stack.database.generated.flavour import Flavour, hexed, identifier, string
from tests.stack.database.generated.names import Names
from tests.stack.database.generated.types import TEXTS, ColumnType, column_types

ID = "id"


@dataclass(frozen=True)
class Column:
    """A column: its name, its type, its definition, and the values that a row may have in it.

    Rows give no value to a generated column, so `values` is empty for such a column.
    """

    name: str
    type: ColumnType
    definition: str
    values: tuple[str, ...]
    not_null: bool = False


def one_in(draw: DrawFn, number: int) -> bool:
    """Return True with a probability of about 1 in `number`."""
    return draw(st.integers(1, number)) == number


def id_column(draw: DrawFn) -> Column:
    """Return the column of a primary key."""
    kind = draw(st.sampled_from(["INT", "BIGINT UNSIGNED", "SMALLINT"]))
    numbered = " AUTO_INCREMENT" if draw(st.booleans()) else ""
    column = ColumnType(sql=kind, values=())
    return Column(ID, column, f"{identifier(ID)} {kind} NOT NULL{numbered}", (), not_null=True)


@st.composite
def columns(draw: DrawFn, names: Names, flavour: Flavour, sql_mode: str) -> Column:
    """Return a column that holds values."""
    kind = draw(column_types(flavour))
    name = names.next()
    not_null = draw(st.booleans())
    parts = [identifier(name), kind.sql, "NOT NULL" if not_null else ""]
    parts += [_default(draw, kind), _invisible(draw, not_null), comment(draw, sql_mode)]
    if one_in(draw, 12):
        parts.append(f"CHECK ({identifier(name)} IS NULL OR {identifier(name)} IS NOT NULL)")
    values = (*kind.values, "DEFAULT", *([] if not_null else ["NULL"]))
    return Column(name, kind, " ".join(filter(None, parts)), values, not_null)


def _default(draw: DrawFn, kind: ColumnType) -> str:
    shape = draw(st.integers(0, 9))
    if shape < 5:
        return ""
    digits = kind.sql[kind.sql.find("(") :] if "(" in kind.sql else ""
    if kind.feature in ("datetime", "timestamp") and shape < 8:
        now = f"CURRENT_TIMESTAMP{digits}"
        return f"DEFAULT {now}" + (f" ON UPDATE {now}" if shape == 7 else "")
    value = draw(st.sampled_from(kind.values))
    return f"DEFAULT ({value})" if kind.needs_expression or shape == 9 else f"DEFAULT {value}"


def _invisible(draw: DrawFn, not_null: bool) -> str:
    return "INVISIBLE" if not not_null and one_in(draw, 8) else ""


def comment(draw: DrawFn, sql_mode: str) -> str:
    """Return a COMMENT clause with an unusual text, or "" for no comment."""
    if not one_in(draw, 6):
        return ""
    return f"COMMENT {string(draw(st.sampled_from(TEXTS)), sql_mode)}"


def generated_column(draw: DrawFn, names: Names, others: Sequence[Column]) -> Column:
    """Return a column whose value the server computes from one of the `others`."""
    name, source = names.next(), draw(st.sampled_from(others))
    quoted = identifier(source.name)
    sql, expression = draw(
        st.sampled_from(
            [
                ("VARCHAR(300)", f"CONCAT({quoted}, 'it''s', {hexed('ü')})"),
                ("VARCHAR(300) CHARACTER SET utf8mb4", f"COALESCE(LEFT({quoted}, 5), '-')"),
                ("INT", f"LENGTH({quoted})"),
                ("BIGINT", f"(CASE WHEN {quoted} IS NULL THEN 0 ELSE -1 END) + 2 * 3"),
                ("VARCHAR(32)", f"UPPER(LEFT({quoted}, 3))"),
            ]
        )
    )
    kept = draw(st.sampled_from(["VIRTUAL", "STORED"]))
    definition = f"{identifier(name)} {sql} GENERATED ALWAYS AS ({expression}) {kept}"
    return Column(name, ColumnType(sql=sql, values=()), definition, ())
