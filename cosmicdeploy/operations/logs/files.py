"""Read and follow a log file in a service's containers."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from shlex import quote

from cosmicdeploy.engine.facts import Container, LogLine, Streams
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.logs.source import Push

# Following a file continues after the last lines that were returned. To find that position, the
# last REMEMBERED of these lines are searched for in the last WINDOW bytes of the file.
WINDOW = 262_144
REMEMBERED = 20
POLL_SECONDS = 0.2
# The time in brackets with which a line begins, as Laravel writes it.
STAMP = re.compile(r"\[(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?)\]")

# A shell script that follows the file $1. It prints the file's size, the last $2 bytes of the file,
# and then everything that is added to the file, even after a rotation. The script stops when its
# standard input closes, which happens in whatever way the deployer ends. It leaves no process
# behind.
FOLLOW = """
size=$({ wc -c <"$1"; } 2>/dev/null || echo 0)
from=$((size > $2 ? size - $2 + 1 : 1))
echo "$((size))"
exec 3<&0
tail -c "+$from" -F "$1" 2>/dev/null 3<&- & tail=$!
( while read -r _; do :; done; kill "$tail" ) <&3 >/dev/null 2>&1 & killer=$!
wait "$tail"
kill "$killer" 2>/dev/null
wait
"""


class Files:
    """A source of log lines: a file's last `tail` lines, and the lines that are added to the file.

    `past` runs `tail` in the container. `follow` runs a shell script there until `stop` is set.
    """

    one_at_a_time = True

    def __init__(self, engine: Engine, path: str, tail: int) -> None:
        self._engine, self._path, self._tail = engine, path, tail
        self._returned = deque[str](maxlen=REMEMBERED)
        self._skips_past = tail == 0

    def past(self, container: Container) -> Iterator[LogLine]:
        command = ["tail", "-n", str(self._tail), self._path]
        result = self._engine.exec(container.id, command)
        if result.exit_code != 0:
            raise EngineError(
                "The log file cannot be read",
                where=f"{container.name}: {self._path}",
                todo="check that the file exists in the container: `cosmicdeploy exec"
                f" {container.service or 'SERVICE'} ls -l {quote(self._path)}`",
                details=result.error_text.splitlines(),
            )
        # An incomplete last line is returned now, and by `follow` again once it is complete.
        complete, _, partial = result.stdout.rpartition(b"\n")
        lines = _texts(complete + b"\n") if complete else []
        self._returned.extend(lines)
        yield from timed([*lines, *_texts(partial + b"\n" if partial else b"")])

    def follow(self, container: Container, push: Push, stop: threading.Event) -> None:
        """Push the lines that were not returned yet, then new lines.

        `container` may be the replacement of a container that was read before. It may have the same
        file or a new one.
        """
        output = _ScriptOutput(self._not_returned, lambda line: self._push(push, line))
        command = ["sh", "-c", FOLLOW, "sh", self._path, str(WINDOW)]
        ended = threading.Event()
        streams = Streams(
            stdin=_no_input_until(stop, ended), out=output.take, err=lambda _: None, over=ended
        )
        self._engine.exec_interactive(container.id, command, streams)

    def _push(self, push: Push, line: LogLine) -> None:
        self._returned.append(line.text)
        push(line)

    def _not_returned(self, lines: Sequence[str]) -> Sequence[str]:
        """Return those of the file's last `lines` that were not returned before.

        With `tail` 0, the first call returns no lines.
        """
        skips, self._skips_past = self._skips_past, False
        return () if skips else lines_after(lines, list(self._returned))


class _ScriptOutput:
    """Parses the output of `FOLLOW`: the size, then the end of the file, then lines added to it.

    `select` chooses which lines from the end of the file to push.
    """

    def __init__(
        self, select: Callable[[Sequence[str]], Sequence[str]], push: Callable[[LogLine], None]
    ) -> None:
        self._select, self._push = select, push
        # Bytes from the end of the file that are still to come; -1 until the size is known.
        self._bytes_to_come = -1
        self._rest, self._at = b"", 0

    def take(self, chunk: bytes) -> None:
        """Parse the next bytes of the output."""
        self._rest += chunk
        if self._bytes_to_come < 0 and b"\n" in self._rest:
            size, _, self._rest = self._rest.partition(b"\n")
            self._bytes_to_come = min(_size(size), WINDOW)
            if self._bytes_to_come == 0:
                # Called for an empty file, too: only the first call may skip lines (`tail` 0).
                self._select(())
        if 0 < self._bytes_to_come <= len(self._rest):
            end_of_file = self._rest[: self._bytes_to_come]
            added = self._rest[self._bytes_to_come :]
            # The last line may still be incomplete.
            complete, _, partial = end_of_file.rpartition(b"\n")
            self._bytes_to_come, self._rest = 0, partial + added
            self._push_all(self._select(_texts(complete + b"\n") if complete else ()))
        if self._bytes_to_come == 0:
            *lines, self._rest = self._rest.split(b"\n")
            self._push_all(_texts(b"\n".join([*lines, b""])))

    def _push_all(self, lines: Iterable[str]) -> None:
        for line in timed(lines, self._at):
            self._at = line.at
            self._push(line)


def _size(line: bytes) -> int:
    """Return the size in the first line of `FOLLOW`'s output.

    Raises `EngineError` if the line is no size: if the container has just ended, the engine writes
    a message there.
    """
    try:
        return int(line)
    except ValueError:
        raise EngineError(
            "The log file cannot be followed",
            where="the container's command",
            todo="see `cosmicdeploy status`: the container may have ended",
            details=_texts(line + b"\n"),
        ) from None


def lines_after(lines: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    """Return the lines after the last occurrence of `known`; all lines if there is none."""
    count = len(known)
    if not count:
        return lines
    for end in range(len(lines), count - 1, -1):
        if list(lines[end - count : end]) == list(known):
            return lines[end:]
    return lines


def timed(lines: Iterable[str], at: int = 0) -> Iterator[LogLine]:
    """Yield each line with the timestamp at its beginning, in nanoseconds since 1970.

    A line without a timestamp gets that of the previous line; if it is the first line, it gets
    `at`. A timestamp without a zone is read as UTC, which is enough to sort the lines of replicas.
    """
    for text in lines:
        with suppress(ValueError):  # no valid timestamp, such as month 13
            at = _nanoseconds(text) or at
        yield LogLine(at=at, text=text)


def _nanoseconds(text: str) -> int | None:
    stamp = STAMP.match(text)
    if stamp is None:
        return None
    moment = datetime.fromisoformat(stamp[1])
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1e6) * 1000  # a float has no digits for nanoseconds


def _texts(data: bytes) -> list[str]:
    lines = data.split(b"\n")[:-1]
    return [line.decode("utf-8", "replace").removesuffix("\r") for line in lines]


def _no_input_until(*events: threading.Event) -> Iterator[bytes]:
    """Yield nothing; end when one of these events is set."""
    while not any(event.is_set() for event in events):
        time.sleep(POLL_SECONDS)
    yield from ()
