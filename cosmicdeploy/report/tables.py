"""Tables of rows, without borders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rich.table import Table
from rich.text import Text

from cosmicdeploy.text.sanitize import sanitized_and_cut

# A list without --all shows this many of its items: the newest.
NEWEST_SHOWN = 10
Item = TypeVar("Item")


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return a table of rows; a missing cell is empty, a long cell wraps.

    The first column names the row and never wraps.
    """
    result = _empty_table()
    for index, column in enumerate(columns):
        result.add_column(column, overflow="fold", no_wrap=index == 0)
    for row in rows:
        result.add_row(*(_text(row.get(column, "")) for column in columns))
    return result


def one_line_table(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, wrapped: str = ""
) -> Table:
    """Return a table whose rows take one line each, except that the column `wrapped` wraps.

    If a terminal is too narrow, the widest cells are cut with an ellipsis, but never those of the
    first column.
    """
    result = _empty_table()
    for index, column in enumerate(columns):
        result.add_column(_one_line(column), no_wrap=index == 0)
    for row in rows:
        cells = ((column, _text(row.get(column, ""))) for column in columns)
        result.add_row(*(cell if column == wrapped else _one_line(cell) for column, cell in cells))
    return result


def newest(items: Sequence[Item], *, show_all: bool) -> tuple[Sequence[Item], str]:
    """Return the ten newest items, or all, and a line that counts the rest; "" without a rest.

    `items` are sorted, newest first.
    """
    rest = len(items) - NEWEST_SHOWN
    if show_all or rest <= 0:
        return items, ""
    return items[:NEWEST_SHOWN], f"{rest} older not shown; --all shows them"


def _empty_table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold")


def _text(value: object) -> Text:
    return Text(sanitized_and_cut(str(value)))


def _one_line(cell: str | Text) -> Text:
    return Text(str(cell), no_wrap=True, overflow="ellipsis")
