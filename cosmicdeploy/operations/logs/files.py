"""Log files in a service's containers."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from cosmicdeploy.engine.facts import Container, LogLine, Streams
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.logs.source import Push

# The end of a file, in bytes, in which the last lines already returned are looked for.
WINDOW = 262_144
# That many of them identify the place.
REMEMBERED = 20
LOOK_EVERY_SECONDS = 0.2
STAMP = re.compile(r"\[(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?)\]")

# Prints the file's size, its end, and then all that is added, also after rotations, until its
# standard input ends: that happens however the deployer ends. It waits for all its processes.
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
    """A file's last `tail` lines, and the lines that are added to it.

    Reading runs `tail` in the container, following runs a shell there until it is stopped.
    """

    alone = True

    def __init__(self, engine: Engine, path: str, tail: int) -> None:
        self._engine, self._path, self._tail = engine, path, tail
        self._returned = deque[str](maxlen=REMEMBERED)
        self._skips_past = tail == 0

    def past(self, container: Container) -> Iterator[LogLine]:
        command = ["tail", "-n", str(self._tail), self._path]
        result = self._engine.exec(container.id, command)
        if result.exit_code != 0:
            raise EngineError(
                "The file cannot be read",
                where=f"{container.name}: {self._path}",
                todo="see that the path is the one inside the container",
                details=result.error_text.splitlines(),
            )
        # A line that is still being written is returned again once it is complete.
        complete, _, partial = result.stdout.rpartition(b"\n")
        lines = _texts(complete + b"\n") if complete else []
        self._returned.extend(lines)
        yield from timed([*lines, *_texts(partial + b"\n" if partial else b"")])

    def follow(self, container: Container, push: Push, over: threading.Event) -> None:
        """Push the lines that were not returned yet, and new ones.

        The container may be another one of the service, with the same file or a new one.
        """
        output = _ScriptOutput(self._not_returned, lambda line: self._push(push, line))
        command = ["sh", "-c", FOLLOW, "sh", self._path, str(WINDOW)]
        ended = threading.Event()
        streams = Streams(
            stdin=_until(over, ended), out=output.take, err=lambda _: None, over=ended
        )
        self._engine.exec_interactive(container.id, command, streams)

    def _push(self, push: Push, line: LogLine) -> None:
        self._returned.append(line.text)
        push(line)

    def _not_returned(self, lines: Sequence[str]) -> Sequence[str]:
        """Return those of the file's first lines that were not returned yet."""
        skips, self._skips_past = self._skips_past, False
        return () if skips else lines_after(lines, list(self._returned))


class _ScriptOutput:
    """Splits the script's output into the size, the file's end, and the lines added to it."""

    def __init__(
        self, select: Callable[[Sequence[str]], Sequence[str]], push: Callable[[LogLine], None]
    ) -> None:
        self._select, self._push = select, push
        # `_past` is the number of bytes of the file's end still to come, -1 before it is known.
        self._rest, self._past, self._at = b"", -1, 0

    def take(self, chunk: bytes) -> None:
        """Take some bytes of the output."""
        self._rest += chunk
        if self._past < 0 and b"\n" in self._rest:
            size, _, self._rest = self._rest.partition(b"\n")
            self._past = min(int(size), WINDOW)
            if self._past == 0:
                self._select(())
        if self._past > 0 and len(self._rest) >= self._past:
            past, self._rest = self._rest[: self._past], self._rest[self._past :]
            # The last line may still be incomplete.
            complete, _, partial = past.rpartition(b"\n")
            self._past, self._rest = 0, partial + self._rest
            self._push_all(self._select(_texts(complete + b"\n") if complete else ()))
        if self._past == 0:
            *lines, self._rest = self._rest.split(b"\n")
            self._push_all(_texts(b"\n".join([*lines, b""])))

    def _push_all(self, lines: Iterable[str]) -> None:
        for line in timed(lines, self._at):
            self._at = line.at
            self._push(line)


def lines_after(lines: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    """Return the lines after the last occurrence of the known ones; all where there is none."""
    count = len(known)
    for end in range(len(lines), count - 1, -1) if count else ():
        if list(lines[end - count : end]) == list(known):
            return lines[end:]
    return lines


def timed(lines: Iterable[str], at: int = 0) -> Iterator[LogLine]:
    """Yield each line with the timestamp that it, or the last line before it that has one, begins
    with, in nanoseconds since 1970.

    A timestamp without a zone is taken for UTC: it only puts the lines of replicas in order.
    """
    for text in lines:
        with suppress(ValueError):  # it only looks like a timestamp
            at = _nanoseconds(text) or at
        yield LogLine(at=at, text=text)


def _nanoseconds(text: str) -> int | None:
    stamp = STAMP.match(text)
    if stamp is None:
        return None
    moment = datetime.fromisoformat(stamp[1])
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1e6) * 1000


def _texts(data: bytes) -> list[str]:
    lines = data.split(b"\n")[:-1]
    return [line.decode("utf-8", "replace").removesuffix("\r") for line in lines]


def _until(*events: threading.Event) -> Iterator[bytes]:
    """Yield nothing, and end when one of these events is set."""
    while not any(event.is_set() for event in events):
        time.sleep(LOOK_EVERY_SECONDS)
    yield from ()
