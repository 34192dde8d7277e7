"""Append-only, fsynced records: what was about to happen, then what came of it.

A line is one JSON object. A line cut short by a kill is the last one, and is passed over.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Journal:
    """One file for one stack; records never hold secrets. `run` names the run that writes."""

    path: Path
    run: str = ""

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
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            yield record

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
