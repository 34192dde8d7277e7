"""Plain tables of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Table:
    """A table without borders; a missing cell is empty."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(escape(str(row.get(column, ""))) for column in columns))
    return made
