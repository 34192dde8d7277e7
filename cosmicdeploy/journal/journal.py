"""Append-only, fsynced records: what was about to happen, then what came of it.

A line is one JSON object. A line that is no record (cut short by a kill, foreign, of a version to
come) is passed over, and warned of once.
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
# Of lines that are no records, so many are named one by one.
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A line that is no record that can be used; `run` and `kind` as far as it tells them."""

    line: int
    why: str
    run: str = ""
    kind: str = ""

    @property
    def meaning(self) -> str:
        """What is not known without it, for people."""
        if self.kind not in ("run", "intent"):
            return ""
        return (
            "; a run may have been interrupted, and what it changed is unknown:"
            " see `cosmicdeploy status`"
        )


class _Read:
    """What was read of a file that only grows. A run asks a dozen times, and a stack's journal gets
    longer with each deploy: only what has come since is read."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: tuple[int, int] | None = None  # the file, by device and number
        self._end = 0
        self._lines = 0
        self._entries: list[Record | Unreadable] = []
        self._warned = 0

    def entries(self, path: Path, warn: Callable[[str], None]) -> list[Record | Unreadable]:
        """All records and what stands between them, oldest first."""
        with self._lock:
            try:
                data = self._new(path)
            except FileNotFoundError:
                return []
            whole, end, rest = data.rpartition(b"\n")
            lines = whole.split(b"\n") if end else []
            self._entries += _parsed(lines, self._lines + 1)
            self._end += len(whole + end)
            self._lines += len(lines)
            found = [*self._entries, *_parsed([rest], self._lines + 1)]
            self._warn([each for each in found if isinstance(each, Unreadable)], path, warn)
            return found

    def _warn(self, bad: list[Unreadable], path: Path, warn: Callable[[str], None]) -> None:
        new = [each for each in bad if each.line > self._warned]
        for each in new[:SHOWN]:
            warn(f"passed over {path}:{each.line}: {each.why}{each.meaning}")
        if len(new) > SHOWN:
            last = new[-1].line
            warn(f"passed over {len(new) - SHOWN} more lines up to {path}:{last}: no records")
        self._warned = max([self._warned, *(each.line for each in new)])

    def _new(self, path: Path) -> bytes:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if self._of != (facts.st_dev, facts.st_ino) or facts.st_size < self._end:
                self._of, self._end, self._lines = (facts.st_dev, facts.st_ino), 0, 0
                self._entries, self._warned = [], 0
            file.seek(self._end)
            return file.read()


def _parsed(lines: Iterable[bytes], first: int) -> Iterator[Record | Unreadable]:
    from cosmicdeploy.journal import records  # takes long to load, and most help needs no journal

    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            data = records.parsed(line)
            repeats = records.repeats_a_key(line)
        except ValueError:
            yield Unreadable(line=number, why="it is no JSON, or was cut short")
            continue
        if repeats:  # of which kind it is, it does not tell
            yield Unreadable(line=number, why="a key stands in it twice", run=_text(data, "run"))
        elif why := records.objection(data):
            yield Unreadable(line=number, why=why, run=_text(data, "run"), kind=_text(data, "kind"))
        else:
            yield data


def _text(data: Any, key: str) -> str:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, str) else ""


@dataclass(frozen=True, kw_only=True)
class Journal:
    """One file for one stack; records never hold secrets. `run` names the run that writes, `warn`
    hears of each line that is passed over."""

    path: Path
    run: str = ""
    warn: Callable[[str], None] = field(default=lambda _text: None, repr=False, compare=False)
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
        text = json.dumps(record, ensure_ascii=False)
        line = ("" if self._ends_whole() else "\n") + text + "\n"
        data = line.encode(errors="replace")  # half a character is none that can be read again
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.write(handle, data) < len(data):  # what is cut is passed over when it is read
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(handle)
        finally:
            os.close(handle)

    def records(self) -> Iterator[Record]:
        """All records, oldest first."""
        yield from (each for each in self.entries() if not isinstance(each, Unreadable))

    def entries(self) -> list[Record | Unreadable]:
        """As `records`, with the lines between them that are none."""
        return self._read.entries(self.path, self.warn)

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
