"""Move old lines of the journal to its archive, so that the journal stays short.

1. The lines that stay are written to another file, the new journal, with a record `rotated`.
2. A record `rotating` with the archive's size is appended to the journal.
3. The other lines are appended to the archive.
4. The new journal replaces the journal.

A kill before step 4 leaves the journal with all its lines. If the last of them is the record
`rotating`, readers ignore the part of the archive beyond the recorded size, and the next rotation
removes that part.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from cosmicdeploy.errors import CosmicError
from cosmicdeploy.files.atomic import open_private, sync, sync_folder
from cosmicdeploy.journal.appending import exclusively, write_line
from cosmicdeploy.journal.journal import Journal, line_of
from cosmicdeploy.journal.lines import Piece, pieces, summary_head, text_of
from cosmicdeploy.journal.records import records
from cosmicdeploy.journal.rotation.archive import (
    append_lines,
    archive_of,
    copy_owner,
    remove_incomplete,
    size_of,
)
from cosmicdeploy.journal.rotation.needed import Needed
from cosmicdeploy.journal.rotation.retention import (
    KEPT_UNITS,
    OF_ROTATIONS,
    Owners,
    Survey,
    timestamp,
)
from cosmicdeploy.journal.rotation.since_rotation import SinceRotation
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun

# Older records move to the archive, except those that are still needed.
KEPT_SECONDS = 366 * 86400.0
# A rotation rewrites the whole journal, so there is at most one a day, unless there are very many
# runs.
PAUSE_SECONDS = 86400.0
MANY_UNITS = KEPT_UNITS + 200


def is_due(journal: Journal) -> bool:
    """Return whether the journal has units that are too old or too many."""
    since = journal.replay().since_rotation
    if since.rotated and _age(since.rotated["at"]) < PAUSE_SECONDS:
        return since.count > MANY_UNITS
    return since.count > KEPT_UNITS or bool(since.oldest and _age(since.oldest) > KEPT_SECONDS)


def rotate(journal: Journal, needed: Needed) -> bool:
    """Move the lines that are old and not `needed` to the archive.

    First removes from the archive what a killed rotation has added. Only the lock holder may call
    this function. Returns False, and changes nothing, if another process is writing to the journal.
    Raises `OSError` and `CosmicError`; after an error, the journal still has all its lines.
    """
    path = journal.path.resolve()
    try:
        with exclusively(path) as live:
            replay = journal.replay()
            incomplete = replay.since_rotation.archive_bytes
            remove_incomplete(archive_of(path), incomplete, live)
            _Rotation(path, live, needed, replay.open, replay.since_rotation).run()
    except BlockingIOError:
        return False
    return True


class _Rotation:
    """One rotation of the open journal `live`, which is locked exclusively."""

    def __init__(
        self,
        path: Path,
        live: BinaryIO,
        needed: Needed,
        open_runs: dict[str, InterruptedRun],
        since: SinceRotation,
    ) -> None:
        self._path, self._live, self._open = path, live, open_runs
        # Only this rotation's own record `rotating` follows here. It neither stays nor moves.
        self._end = os.fstat(live.fileno()).st_size
        self._until, self._last = text_of(since.rotated, "until"), ""
        survey = Survey(
            open_runs=open_runs.keys(), needed=needed, cutoff=time.time() - KEPT_SECONDS
        )
        for piece, data in self._pieces():
            if piece.begins:
                survey.line(piece.line, data)
        self._selection = survey.selection()

    def run(self) -> None:
        new, archive = self._path.with_name(self._path.name + ".new"), archive_of(self._path)
        try:
            with open_private(new) as file:
                self._write_staying(file)
                copy_owner(self._live, file)
                sync(file)
            self._require_same_runs(new)
            size = size_of(archive)
            self._live.seek(0, os.SEEK_END)
            line = line_of("rotating", archive_bytes=size)
            write_line(self._live.fileno(), line, self._path)
            try:
                moved = (piece for piece, _, stays in self._decided() if not stays)
                append_lines(archive, moved, self._live)
            except BaseException:
                with suppress(OSError):
                    os.truncate(archive, size)
                raise
            new.rename(self._path)
        finally:
            new.unlink(missing_ok=True)
        sync_folder(self._path.parent)

    def _pieces(self) -> Iterator[tuple[Piece, Any]]:
        """Yield the journal's lines from its start, with their JSON; None for what is not JSON."""
        self._live.seek(0)
        for piece in pieces(self._live, end=self._end):
            yield piece, _json(piece)

    def _decided(self) -> Iterator[tuple[Piece, Any, bool]]:
        """Yield each line with its JSON, and whether it stays; skip the records of rotations.

        Notes in `_last` the last run that began before the boundary.
        """
        owners, stays, of_rotation = Owners(self._open.keys()), False, False
        for piece, data in self._pieces():
            if piece.begins:
                unit = owners.unit(piece.line, data)
                if piece.line < self._selection.boundary:
                    self._last = owners.last
                stays = piece.line >= self._selection.boundary or unit in self._selection.kept
                of_rotation = text_of(data, "kind") in OF_ROTATIONS
            if not of_rotation:
                yield piece, data, stays

    def _write_staying(self, file: BinaryIO) -> None:
        """Write the lines that stay, and the record `rotated` before those from the boundary on.

        Notes in `_until` the time of the newest line that moves, which the record contains.
        """
        is_marked, ended = False, True
        for piece, data, stays in self._decided():
            if piece.line >= self._selection.boundary and not is_marked:
                file.write(self._mark())
                is_marked = True
            if stays:
                file.write(piece.data)
                ended = piece.ends
            else:
                self._until = max(self._until, text_of(data, "at"), key=timestamp)
        if not is_marked:
            file.write((b"" if ended else b"\n") + self._mark())

    def _mark(self) -> bytes:
        return line_of("rotated", until=self._until or None, last=self._last)

    def _require_same_runs(self, new: Path) -> None:
        """Raise `CosmicError` if the new journal does not have the same interrupted runs."""
        runs = Journal(path=new).replay().open
        if {k: _without_lines(v) for k, v in runs.items()} != {
            k: _without_lines(v) for k, v in self._open.items()
        }:
            raise CosmicError(
                "The interrupted runs would not be the same in a rotated journal",
                where=str(self._path),
                todo="see `cosmicdeploy status`, and end the interrupted runs",
            )


def _without_lines(run: InterruptedRun) -> InterruptedRun:
    """Return the run without the numbers of its unreadable lines, which change in a rotation."""
    return replace(
        run,
        lost_records=["" for _ in run.lost_records],
        uncertain_records=["" for _ in run.uncertain_records],
    )


def _json(piece: Piece) -> Any:
    """Return the parsed JSON of a line; None if it is not JSON, or too long.

    For the summary of a run, returns only what `summary_head` reads.
    """
    if not piece.is_whole:
        return None
    try:
        return summary_head(piece.data) or records.parsed(piece.data)
    except ValueError:
        return None


def _age(at: str) -> float:
    """Return how many seconds ago a time (ISO 8601) was."""
    return time.time() - datetime.fromisoformat(at).timestamp()
