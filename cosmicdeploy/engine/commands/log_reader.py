"""Read a container's log line by line, with the times that the engine recorded.

The SDK's own reader mistakes a broken stream for a finished one, and does not distinguish standard
output from standard error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any, Literal

from cosmicdeploy.engine.commands.exec_streams import STDERR, STDOUT, whole_frames
from cosmicdeploy.engine.facts import LogLine
from cosmicdeploy.errors import EngineError

NANOSECONDS = 10**9  # per second
# The numbers of last lines that `tail_since` tries one after another.
TAILS = (1_000, 8_000, 64_000)
STAMP = re.compile(r"(.{19})(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, kw_only=True)
class LogSelection:
    """The log lines to read; the fields are those of `Engine.timed_log_lines`."""

    since: int | None = None
    tail: int | None = None
    follow: bool = False

    def parameters(self) -> dict[str, object]:
        """Return the query parameters of the engine's API."""
        since = self.since or 0
        return {
            "stdout": 1,
            "stderr": 1,
            "timestamps": 1,
            "follow": int(self.follow),
            "tail": "all" if self.tail is None else self.tail,
            "since": f"{since // NANOSECONDS}.{since % NANOSECONDS:09d}",
        }


def read(api: Any, container_id: str, selection: LogSelection) -> Iterator[LogLine]:
    """Yield the selected lines of a container's log.

    Raises what the SDK raises, and `EngineError` if the stream breaks off.
    """
    has_terminal = api.inspect_container(container_id)["Config"]["Tty"]
    response = api._get(
        api._url("/containers/{0}/logs", container_id),
        params=selection.parameters(),
        stream=True,
        timeout=None,  # a container that prints nothing for a day is still followed
    )
    api._raise_for_status(response)
    try:
        # http.client's reader, unlike the SDK's, raises an error if the stream breaks off.
        reader = response.raw._fp
        yield from lines(_terminal_lines(reader) if has_terminal else whole_frames(reader))
    except HTTPException as error:
        raise EngineError("The engine's log stream broke off", where=container_id[:12]) from error
    finally:
        response.close()


def tail_since(api: Any, container_id: str, since: float) -> int | Literal["all"]:
    """Return a number of last lines that includes all lines since a Unix time, or "all".

    With a number of last lines, the engine reads the log from its end. With a time alone, the
    engine reads the whole log from its beginning, at about 20 MB per second.
    """
    earlier = None
    for tail in TAILS:
        first = next(read(api, container_id, LogSelection(tail=tail)), None)
        if first is None or first.at < since * NANOSECONDS:
            return 2 * tail  # more lines may be written before the next request
        if first.at == earlier:
            break  # both tails begin with the log's first line
        earlier = first.at
    return "all"


def _terminal_lines(reader: Any) -> Iterator[tuple[int, bytes]]:
    """Yield the log lines of a container with a terminal, whose output has no frames."""
    while line := reader.readline():
        yield STDOUT, line.replace(b"\r\n", b"\n")


def lines(frames: Iterator[tuple[int, bytes]]) -> Iterator[LogLine]:
    """Parse frames into lines.

    The engine stores a long line in several pieces, each with its own time. The pieces are joined;
    the line's time is that of the first piece. Raises `EngineError` for a line without a time.
    """
    begun: dict[int, tuple[bytes, bytes]] = {}
    for kind, data in frames:
        stamp, _, text = data.partition(b" ")
        first, before = begun.pop(kind, (stamp, b""))
        if text.endswith(b"\n"):
            yield _line(kind, first, before + text[:-1])
        else:
            begun[kind] = (first, before + text)
    for kind, (stamp, text) in begun.items():
        yield _line(kind, stamp, text)


def _line(kind: int, stamp: bytes, text: bytes) -> LogLine:
    at = nanoseconds(stamp.decode("ascii", "replace"))
    return LogLine(at=at, text=text.decode("utf-8", "replace"), is_stderr=kind == STDERR)


def nanoseconds(stamp: str) -> int:
    """Convert the engine's time (RFC 3339, up to nine decimals) to nanoseconds since 1970.

    Raises `EngineError` for any other text.
    """
    match = STAMP.fullmatch(stamp)
    if match is None:
        raise _without_time(stamp)
    second, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(second + zone.replace("Z", "+00:00"))
    except ValueError:
        raise _without_time(stamp) from None
    return int(moment.timestamp()) * NANOSECONDS + int((fraction or "").ljust(9, "0"))


def _without_time(stamp: str) -> EngineError:
    return EngineError(f"The engine's log has a line without a time: {stamp[:40]!r}")
