"""Show the result of `status`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from cosmicdeploy.report.tables import table
from cosmicdeploy.report.views.drift import show_differences
from cosmicdeploy.steps.rollout.drift import ANOTHER_IMAGE
from cosmicdeploy.text.formatting import format_short_timestamp

COLUMNS = ("service", "state", "release", "image", "since", "drift")
# A longer text about drift is shown below the table, once for all services that share it.
DRIFT_WIDTH = len("no container")
Row = Mapping[str, Any]


def show_status(rows: Sequence[Row], console: Console) -> None:
    """Print a line of at most 80 columns for each service, then long drift texts and what to do."""
    console.print(table(COLUMNS, [_shown(row) for row in rows]))
    differing = {_name(row): row for row in rows if _is_long(row)}
    show_differences(
        {name: row.get("differences", ()) for name, row in differing.items()},
        console,
        notes={name: note for name, row in differing.items() if (note := _note(row))},
    )
    for todo in dict.fromkeys(row["todo"] for row in rows if "todo" in row):
        console.print(f"→ {todo}", soft_wrap=True)


def _shown(row: Row) -> Row:
    return {
        **row,
        "image": row.get("image", "")[7:19],  # the id as Docker shortens it, without "sha256:"
        "since": format_short_timestamp(row.get("since", "")),
        "drift": "differs" if _is_long(row) else row["drift"],
    }


def _is_long(row: Row) -> bool:
    return len(row["drift"]) > DRIFT_WIDTH


def _name(row: Row) -> str:
    """Return a name that no other row has: of the service, or of the container of an orphan."""
    is_orphan = "todo" in row and row["drift"].endswith(f": {row['container']}")
    return str(row["container"] if is_orphan else row["service"])


def _note(row: Row) -> str:
    """Return the part of a row's drift that is about no key of the compose file; "" if none."""
    if not row.get("differences"):
        return str(row["drift"]).removesuffix(f": {_name(row)}")
    return ANOTHER_IMAGE if row["drift"].startswith(ANOTHER_IMAGE) else ""
