"""The journal: an append-only file with a record before and after each change of each run.

Each line is one record, a JSON object. Readers skip a line that is not a usable record, and warn
about it once. Such a line was cut short by a kill, or written by another program or a later
version. Old lines move to an archive next to the journal; see `rotation/rotation.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cosmicdeploy.journal.appending import append_line
from cosmicdeploy.journal.lines import Record, UnreadableLine, open_journal, parse, pieces
from cosmicdeploy.journal.reader import Reader, Wanted
from cosmicdeploy.journal.step_kinds import other_name
from cosmicdeploy.journal.unfinished.replay import Replay
from cosmicdeploy.text.timestamp import now


@dataclass(frozen=True, kw_only=True)
class Journal:
    """The journal file of a stack; its records never hold secrets.

    `run` is the id of the current run, which new records carry; "" outside of a run. `warn` is
    called with the text of each warning about skipped lines.
    """

    path: Path
    run: str = ""
    warn: Callable[[str], None] = field(default=lambda _text: None, repr=False, compare=False)
    _reader: Reader = field(default_factory=Reader, repr=False, compare=False)

    def of_run(self, run: str) -> Journal:
        """Return a view of the same file whose new records carry this run's id."""
        return replace(self, run=run)

    def append(self, kind: str, **facts: Any) -> None:
        """Append a record and wait until the disk has it. Raises `OSError` if that fails."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        run = {"run": self.run} if self.run else {}
        append_line(self.path, line_of(kind, **run, **facts))

    def replay(self) -> Replay:
        """Return the runs that are not over, and the facts about the last rotation."""
        return self._reader.replay(self.path, self.warn)

    def search(
        self,
        relevant: Callable[[bytes], bool],
        *,
        since: float | None = None,
        summaries: bool = False,
    ) -> Iterator[Record]:
        """Yield the records whose lines are `relevant`, oldest first; the other lines are skipped.

        `relevant` gets the bytes of each line, and may select too many lines. If `since` (Unix
        time) is given, also yields the relevant records of the archive, unless all records there
        are older. Skips the summaries of runs, unless `summaries`.
        """
        return self._reader.search(self.path, self.warn, Wanted(relevant, summaries), since)

    def last(self, kind: str, **facts: Any) -> Record | None:
        """Return the newest record of this kind that has these values; None if there is none."""
        # For each value, its spellings: a line with this value contains one of them.
        spellings = [(kind,), *(_spellings(name, value) for name, value in facts.items())]
        needed = [[_json(text) for text in each] for each in spellings if each]

        def may_match(line: bytes) -> bool:
            return all(any(text in line for text in each) for each in needed)

        newest = None
        for record in self.search(may_match):
            if record["kind"] == kind and _has(record, facts):
                newest = record
        return newest

    def records(self) -> Iterator[Record]:
        """Yield all records, oldest first, without the unreadable lines; parses every line."""
        return self.search(lambda _line: True, summaries=True)

    def entries(self) -> Iterator[Record | UnreadableLine]:
        """Yield all records and unreadable lines, oldest first, without a warning."""
        if self.path.exists():
            with open_journal(self.path) as file:
                yield from (entry for entry in map(parse, pieces(file)) if entry is not None)


def line_of(kind: str, **facts: Any) -> bytes:
    """Return a record of the present time as a line of the journal."""
    text = json.dumps({"at": now(), "kind": kind, **facts}, ensure_ascii=False)
    return f"{text}\n".encode(errors="replace")  # an unpaired surrogate has no encoding


def _spellings(name: str, value: Any) -> tuple[str, ...]:
    """Return the ways in which a line may spell this value, such as the former name of a step kind.

    Returns () if these cannot be listed, since the value is no text, or not ASCII.
    """
    if not isinstance(value, str) or not value.isascii():
        return ()
    other = other_name(value) if name == "step_kind" else ""
    return (value, other) if other else (value,)


def _json(text: str) -> bytes:
    return json.dumps(text).encode()


def _has(record: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    return all(record.get(name) == value for name, value in facts.items())
