"""Read the journal and its archive in constant memory; warn once about each unreadable line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from cosmicdeploy.journal.lines import (
    MAX_LISTED,
    Record,
    UnreadableLine,
    open_journal,
    parse,
    pieces,
    summary_head,
)
from cosmicdeploy.journal.rotation.archive import archive_of, size_of
from cosmicdeploy.journal.unfinished.replay import Replay

Warn = Callable[[str], None]


class _Warnings:
    """Warns about the unreadable lines of one file, and names the first of them one by one."""

    def __init__(self, path: Path, warn: Warn) -> None:
        self._path, self._warn = path, warn
        self._count, self._last = 0, 0

    def add(self, bad: UnreadableLine) -> None:
        self._count, self._last = self._count + 1, bad.line
        if self._count <= MAX_LISTED:
            self._warn(f"skipped {self._path}:{bad.line}: {bad.why}{bad.meaning}")

    def end(self) -> None:
        if (more := self._count - MAX_LISTED) > 0:
            self._warn(
                f"skipped {more} more unreadable lines, the last of them {self._path}:{self._last}"
            )


@dataclass(frozen=True)
class Wanted:
    """The lines that a search parses: those that are `relevant`, without summaries by default."""

    relevant: Callable[[bytes], bool]
    summaries: bool = False

    def __call__(self, line: bytes) -> bool:
        return (self.summaries or summary_head(line) is None) and self.relevant(line)


class Reader:
    """Replays the journal's file; each later replay reads only the lines appended since.

    A run reads the journal a dozen times, and each deploy makes the journal longer. If the file was
    replaced or became shorter, the next read begins at its start.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._reset(None)
        self._has_warned_of_archive = False

    def _reset(self, file_id: tuple[int, int] | None) -> None:
        self._file_id = file_id  # device and inode
        self._end = 0  # bytes up to the end of the last complete line
        self._lines = 0
        self._replay = Replay()
        # Up to these lines, unreadable lines and damaged summaries have been warned about.
        self._warned = 0
        self._warned_summary = 0

    def replay(self, path: Path, warn: Warn) -> Replay:
        """Return the replay of the whole journal, as a copy; an empty one if there is no file."""
        try:
            with open_journal(path) as file:
                return self._replay_of(file, path, warn)
        except FileNotFoundError:
            return Replay()

    def search(
        self, path: Path, warn: Warn, wanted: Wanted, since: float | None
    ) -> Iterator[Record]:
        """Yield the records whose lines are `wanted`, oldest first; parse no other line.

        If `since` (Unix time) is given, also yields wanted records of the archive, unless all its
        records are older.
        """
        try:
            file, archived = _open(path)
        except FileNotFoundError:
            return
        with file:
            # Warns about unreadable lines, and finds a rotation that began before `_open`.
            rotation = self._replay_of(file, path, warn).since_rotation
            until = (rotation.rotated or {}).get("until")
            if since is not None and until and datetime.fromisoformat(until).timestamp() >= since:
                committed = rotation.archive_bytes
                end = archived if committed is None else min(archived, committed)
                yield from self._archived(_archive(path), end, warn, wanted)
            file.seek(0)
            yield from self._records(file, path, warn, wanted)

    def _replay_of(self, file: BinaryIO, path: Path, warn: Warn) -> Replay:
        with self._lock:
            try:
                return self._catch_up(file, path, warn)
            except BaseException:
                self._reset(None)  # a line may have been replayed only partly
                raise

    def _catch_up(self, file: BinaryIO, path: Path, warn: Warn) -> Replay:
        facts = os.fstat(file.fileno())
        if self._file_id != (facts.st_dev, facts.st_ino) or facts.st_size < self._end:
            self._reset((facts.st_dev, facts.st_ino))
        file.seek(self._end)
        warnings, entry, is_complete = _Warnings(path, warn), None, True
        for piece in pieces(file, self._lines + 1):
            is_complete = piece.ends
            if piece.begins:
                entry = summary_head(piece.data) or parse(piece)
                if isinstance(entry, UnreadableLine) and piece.line > self._warned:
                    warnings.add(entry)
                self._warned = max(self._warned, piece.line)
            if piece.ends:
                if entry is not None:
                    self._replay.apply(entry)
                self._end, self._lines = file.tell(), piece.line
        warnings.end()
        current = self._replay.copy()
        # A last line without a line feed may still grow, so the next read reads it again.
        if entry is not None and not is_complete:
            current.apply(entry)
        return current

    def _records(self, file: BinaryIO, path: Path, warn: Warn, wanted: Wanted) -> Iterator[Record]:
        """Yield the wanted records; warn of damaged summaries, which the replay does not parse."""
        warnings = _Warnings(path, warn)
        for piece in pieces(file):
            if not wanted(piece.data):
                continue
            entry = parse(piece)
            if isinstance(entry, dict):
                yield entry
            elif summary_head(piece.data) and entry and piece.line > self._warned_summary:
                self._warned_summary = piece.line
                warnings.add(entry)
        warnings.end()

    def _archived(self, path: Path, end: int, warn: Warn, wanted: Wanted) -> Iterator[Record]:
        """Yield the wanted records of the archive's first `end` bytes.

        Parses every line except unwanted summaries. Warns about unreadable lines, and about an
        archive that was removed, which yields nothing; only the first search of the archive warns.
        Raises what `open_journal` raises.
        """
        first_time, self._has_warned_of_archive = not self._has_warned_of_archive, True
        warn = warn if first_time else lambda _text: None
        try:
            archive = open_journal(path)
        except FileNotFoundError:
            warn(f"{path} is missing, so what the journal had moved there is unknown")
            return
        warnings = _Warnings(path, warn)
        with archive as file:
            for piece in pieces(file, end=end):
                is_wanted = wanted(piece.data)
                entry = (None if is_wanted else summary_head(piece.data)) or parse(piece)
                if isinstance(entry, UnreadableLine):
                    warnings.add(entry)
                elif entry is not None and is_wanted:
                    yield entry
        warnings.end()


def _open(path: Path) -> tuple[BinaryIO, int]:
    """Open the journal; return also the size of its archive in bytes, 0 if there is none.

    A rotation first appends to the archive and then replaces the journal. So if the journal is
    still the same file after the archive's size was read, the two belong together.
    """
    while True:
        file = open_journal(path)
        try:
            size = size_of(_archive(path))
            if _is_current(file, path):
                return file, size
        except BaseException:
            file.close()
            raise
        file.close()


def _archive(path: Path) -> Path:
    """Return the archive's path: in the folder of the real journal, even if `path` is a link."""
    return archive_of(path.resolve())


def _is_current(file: BinaryIO, path: Path) -> bool:
    """Return whether the open file is still the one at this path."""
    return os.path.samestat(os.fstat(file.fileno()), path.stat())
