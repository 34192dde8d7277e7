"""Plain tables of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from cosmicdeploy.text.sanitize import sanitized_and_cut


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Table:
    """A table without borders; a missing cell is empty. The first column names a row, so it stays
    in one piece."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        made.add_column(column, overflow="fold", no_wrap=place == 0)
    for row in rows:
        made.add_row(*(Text(sanitized_and_cut(str(row.get(column, "")))) for column in columns))
    return made
