"""Read the lines of a journal one at a time: each is a record, or a line that is unreadable."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.bounds import move_away

Record = dict[str, Any]
# The maximum number of unreadable lines that a message names one by one.
MAX_LISTED = 5
# No record is longer than this many bytes; a longer line is never in memory as a whole.
MAX_LINE_BYTES = 64 * 2**20
SUMMARY = "summary"
# The beginning of a summary as `line_of` in `journal.py` writes it, up to the run's id.
_SUMMARY_HEAD = re.compile(
    rb'\{"at": "([\w.:+-]{10,40})", "kind": "summary", "run": "(\w{1,40})", ', re.ASCII
)
_RECORD_HEAD = b'{"at": "'


@dataclass(frozen=True, kw_only=True)
class UnreadableLine:
    """A line that is not a usable record; `why` says why.

    `line` is the line's number, from 1. `run` and `kind` are those of the record; "" if they cannot
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


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A line with its line feed, or a part of a line that is longer than `MAX_LINE_BYTES`.

    `line` is the line's number, from 1. `begins`: the piece is the beginning of the line.
    """

    data: bytes
    line: int
    begins: bool = True

    @property
    def ends(self) -> bool:
        """Whether the piece ends with the line's line feed."""
        return self.data.endswith(b"\n")

    @property
    def is_whole(self) -> bool:
        """Whether the piece is all of its line; false for a part of a line that is too long."""
        return self.begins and (self.ends or len(self.data) < MAX_LINE_BYTES)


def open_journal(path: Path) -> BinaryIO:
    """Open a journal to read it.

    Raises `FileNotFoundError` without a file, another `OSError` if it cannot be opened, and what
    `require_regular` raises.
    """
    # Without O_NONBLOCK, opening a named pipe would wait for a writer.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        require_regular(handle, path)
    except BaseException:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def require_regular(handle: int, path: Path) -> None:
    """Raise `ConfigError` if an open journal is no regular file: reading it may never end."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise ConfigError(
            "The journal is not a regular file, so no record can be read from it or kept in it",
            where=str(path),
            todo=f"move it away: {move_away(path)}; then `cosmicdeploy status` shows what"
            " runs, and `cosmicdeploy deploy` continues from there",
        )


def pieces(file: BinaryIO, first: int = 1, end: int | None = None) -> Iterator[Piece]:
    """Yield the lines of a file from its position on, a long line in several pieces.

    `first` is the number of the first line. Stops at the byte `end`; None for the end of the file.
    """
    line, begins = first, True
    while end is None or (left := end - file.tell()) > 0:
        data = file.readline(MAX_LINE_BYTES if end is None else min(left, MAX_LINE_BYTES))
        if not data:
            return
        piece = Piece(data=data, line=line, begins=begins)
        yield piece
        line, begins = line + piece.ends, piece.ends


def summary_head(line: bytes) -> Record | None:
    """Return time, kind and run of a run's summary, and do not parse the rest.

    A summary is the longest record of a run, and only `history` and `report` need its rest. Returns
    None for any other line, for a line that was cut short, and for one that may hold two records.
    """
    match = _SUMMARY_HEAD.match(line)
    if match is None or not line.endswith(b"}\n") or line.rfind(_RECORD_HEAD) > 0:
        return None
    return {"at": match[1].decode(), "kind": SUMMARY, "run": match[2].decode()}


def _is_cut_summary(line: bytes) -> bool:
    return _SUMMARY_HEAD.match(line) is not None and line.rfind(_RECORD_HEAD) == 0


def parse(piece: Piece) -> Record | UnreadableLine | None:
    """Return the record of a line, or why it is unreadable; None for a blank line.

    For a line that is too long, only the first piece is reported; its other pieces return None.
    """
    # Slow to import, and most help texts do not need it.
    from cosmicdeploy.journal.records import records

    if not piece.is_whole:
        why = f"it is longer than {MAX_LINE_BYTES // 2**20} MiB"
        return UnreadableLine(line=piece.line, why=why) if piece.begins else None
    if not piece.data.strip():
        return None
    try:
        data = records.parsed(piece.data)
        repeats = records.repeats_a_key(piece.data, data)
    except ValueError:
        kind = SUMMARY if _is_cut_summary(piece.data) else ""
        return UnreadableLine(line=piece.line, why="it is not JSON, or was cut short", kind=kind)
    run, kind = text_of(data, "run"), text_of(data, "kind")
    if repeats:  # the repeated key may be `kind`, so the kind is unknown
        return UnreadableLine(line=piece.line, why="it has a key twice", run=run)
    if why := records.objection(data):
        return UnreadableLine(line=piece.line, why=why, run=run, kind=kind)
    record: Record = data
    return record


def text_of(data: Any, key: str) -> str:
    """Return the text that an object has under a key; "" if it is no object, or has no text."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""
