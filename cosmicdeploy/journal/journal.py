"""The journal: an append-only file with a record before and after each change of each run.

Each line is one record, a JSON object. Readers skip a line that is not a usable record, and warn
about it once. A kill may have cut the line short, or another program or a later version wrote it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

Record = dict[str, Any]
# The maximum number of unreadable lines that a message names one by one.
MAX_LISTED = 5


@dataclass(frozen=True, kw_only=True)
class UnreadableLine:
    """A line that is not a usable record; `why` says why.

    `line` is the line's number, from 1. `run` and `kind` are those of the record, "" if they cannot
    be read.
    """

    line: int
    why: str
    run: str = ""
    kind: str = ""

    @property
    def meaning(self) -> str:
        """What the lost record means for the operator, as the end of a warning; "" for nothing."""
        if self.kind not in ("run", "intent"):
            return ""
        return (
            "; a run may have been interrupted, and what it changed is unknown:"
            " see `cosmicdeploy status`"
        )


class _Reader:
    """Reads the journal's file, and each time only what was appended since the last time.

    A run reads the journal a dozen times, and each deploy makes the journal longer. If the file was
    replaced or became shorter, the next read begins at its start.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._file_id: tuple[int, int] | None = None  # device and inode
        self._end = 0  # bytes up to the end of the last complete line
        self._lines = 0
        self._entries: list[Record | UnreadableLine] = []
        self._warned = 0  # number of the last line that a warning covered

    def entries(self, path: Path, warn: Callable[[str], None]) -> list[Record | UnreadableLine]:
        """Return all records and unreadable lines, oldest first; none if there is no file."""
        with self._lock:
            try:
                data = self._read_new(path)
            except FileNotFoundError:
                return []
            complete, newline, rest = data.rpartition(b"\n")
            lines = complete.split(b"\n") if newline else []
            self._entries += _parsed(lines, self._lines + 1)
            self._end += len(complete + newline)
            self._lines += len(lines)
            # A last line without a newline may still grow, so the next read reads it again.
            entries = [*self._entries, *_parsed([rest], self._lines + 1)]
            self._warn([each for each in entries if isinstance(each, UnreadableLine)], path, warn)
            return entries

    def _warn(self, bad: list[UnreadableLine], path: Path, warn: Callable[[str], None]) -> None:
        new = [each for each in bad if each.line > self._warned]
        for each in new[:MAX_LISTED]:
            warn(f"skipped {path}:{each.line}: {each.why}{each.meaning}")
        if len(new) > MAX_LISTED:
            last = new[-1].line
            more = len(new) - MAX_LISTED
            warn(f"skipped {more} more unreadable lines, the last of them {path}:{last}")
        self._warned = max([self._warned, *(each.line for each in new)])

    def _read_new(self, path: Path) -> bytes:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if self._file_id != (facts.st_dev, facts.st_ino) or facts.st_size < self._end:
                self._file_id, self._end, self._lines = (facts.st_dev, facts.st_ino), 0, 0
                self._entries, self._warned = [], 0
            file.seek(self._end)
            return file.read()


def _parsed(lines: Iterable[bytes], first: int) -> Iterator[Record | UnreadableLine]:
    from cosmicdeploy.journal import records  # slow to import, and most help texts do not need it

    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            data = records.parsed(line)
            repeats = records.repeats_a_key(line)
        except ValueError:
            yield UnreadableLine(line=number, why="it is not JSON, or was cut short")
            continue
        if repeats:  # the repeated key may be `kind`, so the kind is unknown
            yield UnreadableLine(line=number, why="it has a key twice", run=_text(data, "run"))
        elif why := records.objection(data):
            yield UnreadableLine(
                line=number, why=why, run=_text(data, "run"), kind=_text(data, "kind")
            )
        else:
            yield data


def _text(data: Any, key: str) -> str:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, kw_only=True)
class Journal:
    """The journal file of a stack; its records never hold secrets.

    `run` is the id of the current run, which new records carry; "" outside of a run. `warn` is
    called with the text of each warning about skipped lines.
    """

    path: Path
    run: str = ""
    warn: Callable[[str], None] = field(default=lambda _text: None, repr=False, compare=False)
    _reader: _Reader = field(default_factory=_Reader, repr=False, compare=False)

    def of_run(self, run: str) -> Journal:
        """Return a view of the same file whose new records carry this run's id."""
        return replace(self, run=run)

    def append(self, kind: str, **facts: Any) -> None:
        """Append a record and wait until the disk has it. Raises `OSError` if that fails."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        run = {"run": self.run} if self.run else {}
        record = {"at": now(), "kind": kind, **run, **facts}
        text = json.dumps(record, ensure_ascii=False)
        # A kill may have cut the last line short; the record must begin on a new line.
        line = ("" if self._ends_with_newline() else "\n") + text + "\n"
        data = line.encode(errors="replace")  # an unpaired surrogate has no encoding
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.write(handle, data) < len(data):  # disk full; readers skip the cut line
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(handle)
        finally:
            os.close(handle)

    def records(self) -> Iterator[Record]:
        """Yield all records, oldest first, without the unreadable lines."""
        yield from (each for each in self.entries() if not isinstance(each, UnreadableLine))

    def entries(self) -> list[Record | UnreadableLine]:
        """Return all records and unreadable lines, oldest first."""
        return self._reader.entries(self.path, self.warn)

    def last(self, kind: str, **facts: Any) -> Record | None:
        """Return the newest record of this kind that has these values; None if there is none."""
        newest = None
        for record in self.records():
            if record["kind"] == kind and _has(record, facts):
                newest = record
        return newest

    def _ends_with_newline(self) -> bool:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return True
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def _has(record: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    return all(record.get(name) == value for name, value in facts.items())


def now() -> str:
    """Return the current time in ISO 8601 with the zone's offset, to the millisecond."""
    return datetime.now(UTC).astimezone().isoformat(timespec="milliseconds")
