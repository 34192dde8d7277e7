"""Show the backups to roll back to, and what each rollback would lose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.console import Console

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.restore.manifest_diff import RowDifference
from cosmicdeploy.report.tables import newest, one_line_table
from cosmicdeploy.report.views.backups import age, ago, proven, size
from cosmicdeploy.text.formatting import format_time

COLUMNS = ("backup", "age", "release", "proven", "rows lost")
RELEASE_COLUMNS = ("backup", "age", "release")
NEXT_COMMAND = (
    "Roll back with `cosmicdeploy rollback --to ID`;"
    " with --migration or --code-only, the rows written since are kept"
)
NEXT_COMMAND_WITHOUT_DATA = (
    "Roll back with `cosmicdeploy rollback --to ID`, or `--to RELEASE`; the stack has no database,"
    " so only the code is rolled back"
)
NO_IMAGES = (
    "There is no release to roll back to: each deploy that replaces something keeps the images that"
    " ran before it"
)
NO_BACKUP = (
    "There is no usable backup to roll back to: `cosmicdeploy backup list` shows all backups,"
    " `cosmicdeploy backup create` creates one"
)


class Loss(Protocol):
    """What a rollback to a backup would lose.

    `tables` are the tables with more or fewer rows than in the backup; None if the database does
    not answer. `rows` sums up the differences in a line. `newer` is by how many rows tables have
    grown since the backup, and `deleted` by how many other tables have shrunk.
    """

    @property
    def backup(self) -> Backup: ...
    @property
    def tables(self) -> Sequence[RowDifference] | None: ...
    @property
    def rows(self) -> str: ...
    @property
    def newer(self) -> int: ...
    @property
    def deleted(self) -> int: ...


def show_losses(console: Console, losses: Sequence[Loss], *, show_all: bool) -> None:
    """Print a line for each backup with the rows lost, newest first, and the command to use."""
    if losses:
        shown, note = newest(losses, show_all=show_all)
        console.print(one_line_table(COLUMNS, map(_shown, shown)))
        if note:
            console.print(note)
    console.print(NEXT_COMMAND if losses else NO_BACKUP, soft_wrap=True)


def show_releases(console: Console, losses: Sequence[Loss], *, show_all: bool) -> None:
    """Print a line for each backup of a stack without a database, newest first, and what to do."""
    if losses:
        shown, note = newest(losses, show_all=show_all)
        console.print(one_line_table(RELEASE_COLUMNS, map(loss_row, shown)))
        if note:
            console.print(note)
    console.print(NEXT_COMMAND_WITHOUT_DATA if losses else NO_IMAGES, soft_wrap=True)


def loss_row(loss: Loss) -> dict[str, object]:
    """Return the row of a backup for `--json`; the tables show some of its keys."""
    manifest = loss.backup.manifest
    return {
        "backup": manifest.id,
        "age": age(manifest.created_at),
        "release": manifest.release_text or "unknown",
        "size": size(manifest),
        "proven": proven(loss.backup.state),
        "proof": loss.backup.proof if loss.backup.has_data else "",
        "what would be lost": loss.rows,
    }


def _shown(loss: Loss) -> dict[str, object]:
    return {**loss_row(loss), "rows lost": _rows_lost(loss)}


def _rows_lost(loss: Loss) -> str:
    if loss.tables is None:
        return "unknown"
    lost = str(loss.newer or "none")
    return f"{lost} ({loss.deleted} restored)" if loss.deleted else lost


def show_loss(console: Console, loss: Loss) -> None:
    """Print what a rollback to the backup would lose, by table, and how to return to the present.

    If no table has more or fewer rows, or the database does not answer, prints that instead.
    """
    created = loss.backup.manifest.created_at
    console.print(
        f"{loss.backup.id} was created at {format_time(created)} ({ago(created)})."
        f" Proven: {loss.backup.proof}. Everything written since will be lost:",
        soft_wrap=True,
    )
    for table in loss.tables or ():
        rows = f"{_count(table.backup)} rows in the backup, {_count(table.now)} now"
        console.print(f"  {table.table}: {rows}", soft_wrap=True)
    if not loss.tables:
        console.print(f"  {loss.rows}; changed rows are not counted", soft_wrap=True)
    console.print("The present state is backed up first: roll back to that backup to return to it")


def _count(rows: int | None) -> str:
    """Return words to put before "rows"; `rows` is None if the table does not exist."""
    return "no table, so no" if rows is None else str(rows)
