"""Append-only, fsynced records: what was about to happen, then what came of it.

A line is one JSON object. A line cut short by a kill is the last one, and is passed over.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

Record = dict[str, Any]


class _Read:
    """What was read of a file that only grows. A run asks a dozen times, and a stack's journal gets
    longer with each deploy: only what has come since is read."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: tuple[int, int] | None = None  # the file, by device and number
        self._end = 0
        self._records: list[Record] = []

    def records(self, path: Path) -> list[Record]:
        """All whole records, oldest first."""
        with self._lock:
            try:
                data = self._new(path)
            except FileNotFoundError:
                return []
            whole, end, rest = data.rpartition(b"\n")
            self._records += _parsed(whole.split(b"\n"))
            self._end += len(whole + end)
            return [*self._records, *_parsed([rest])]

    def _new(self, path: Path) -> bytes:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if self._of != (facts.st_dev, facts.st_ino) or facts.st_size < self._end:
                self._of, self._end, self._records = (facts.st_dev, facts.st_ino), 0, []
            file.seek(self._end)
            return file.read()


def _parsed(lines: Iterable[bytes]) -> Iterator[Record]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue


@dataclass(frozen=True, kw_only=True)
class Journal:
    """One file for one stack; records never hold secrets. `run` names the run that writes."""

    path: Path
    run: str = ""
    _read: _Read = field(default_factory=_Read, repr=False, compare=False)

    def of_run(self, run: str) -> Journal:
        """The same file, each record marked with the run that writes it."""
        return replace(self, run=run)

    def append(self, kind: str, **facts: Any) -> None:
        """Write one record; it is on the disk when this returns."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = {"run": self.run} if self.run else {}
        record = {"at": now(), "kind": kind, **mark, **facts}
        # A line cut short by a kill must not swallow the next one.
        line = ("" if self._ends_whole() else "\n") + json.dumps(record) + "\n"
        data = line.encode()
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.write(handle, data) < len(data):  # what is cut is passed over when it is read
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(handle)
        finally:
            os.close(handle)

    def records(self) -> Iterator[Record]:
        """All whole records, oldest first."""
        yield from self._read.records(self.path)

    def last(self, kind: str, **facts: Any) -> Record | None:
        """The newest record of a kind that has all these facts."""
        found = None
        for record in self.records():
            if record["kind"] == kind and _has(record, facts):
                found = record
        return found

    def _ends_whole(self) -> bool:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return True
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def _has(record: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    return all(record.get(name) == value for name, value in facts.items())


def now() -> str:
    """This moment in ISO 8601 with the zone's offset, to the millisecond."""
    return datetime.now(UTC).astimezone().isoformat(timespec="milliseconds")
