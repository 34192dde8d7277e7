"""Print rows of the matrix as a Markdown table, with the reasons of what failed below it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.matrix.result import Row

STEPS = (
    "up",
    "deploy",
    "no-op",
    "compose up",
    "verify",
    "failing",
    "rollback",
    "restore",
    "down",
)
NOTHING = "–"  # noqa: RUF001 - a dash in a table
HEAD = ("engine", "API", "store", "stack", "made by", *STEPS, "failed of sent")


def table(rows: Sequence[Row]) -> str:
    """Return the table, then a line for each failure."""
    lines = [HEAD, tuple("---" for _ in HEAD), *(_cells(row) for row in rows)]
    text = [f"| {' | '.join(cells)} |" for cells in lines]
    reasons = [
        f"- {row.engine}, {row.stack}, {row.origin}, {step}: {reason}"
        for row in rows
        for step, reason in {**row.failed, **row.skipped}.items()
    ]
    return "\n".join([*text, "", *(reasons or ["Nothing failed."])])


def _cells(row: Row) -> tuple[str, ...]:
    steps = [_step(row, name) for name in STEPS]
    requests = f"{row.failures} of {row.sent}" if row.sent else NOTHING
    made_by = row.made_by or row.origin
    return (row.version or row.engine, row.api, row.store, row.stack, made_by, *steps, requests)


def _step(row: Row, name: str) -> str:
    if name in row.failed:
        return "**failed**"
    return "ok" if name in row.passed else NOTHING
