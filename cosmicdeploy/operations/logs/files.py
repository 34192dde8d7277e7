"""A file in a service's containers, to which the application writes its log."""

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

# So much of a file is looked at for the place up to which its lines were given, in bytes.
WINDOW = 262_144
# So many lines make that place sure.
REMEMBERED = 20
LOOK_EVERY = 0.2
STAMP = re.compile(r"\[(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?)\]")

# Says the file's size, then its end and all that is added, over rotations, until its standard input
# ends: that is when we go away, however we do. It leaves no process behind that nobody waits for.
FOLLOW = """
size=$({ wc -c <"$1"; } 2>/dev/null || echo 0)
from=$((size > $2 ? size - $2 + 1 : 1))
echo "$((size))"
exec 3<&0
tail -c "+$from" -F "$1" 2>/dev/null 3<&- & tail=$!
( while read -r _; do :; done; kill "$tail" ) <&3 >/dev/null 2>&1 & watcher=$!
wait "$tail"
kill "$watcher" 2>/dev/null
wait
"""


class Files:
    """A file's last `tail` lines, and what is added to it."""

    alone = True

    def __init__(self, engine: Engine, path: str, tail: int) -> None:
        self._engine, self._path, self._tail = engine, path, tail
        self._given = deque[str](maxlen=REMEMBERED)
        self._skips = tail == 0

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
        # A line that is being written is told again when it is whole.
        whole, _, begun = result.stdout.rpartition(b"\n")
        lines = _texts(whole + b"\n") if whole else []
        self._given.extend(lines)
        yield from stamped([*lines, *_texts(begun + b"\n" if begun else b"")])

    def follow(self, container: Container, push: Push, over: threading.Event) -> None:
        """Another container of the service may have the same file, or a new one."""
        reading = _Reading(self._after_the_given, lambda line: self._push(push, line))
        command = ["sh", "-c", FOLLOW, "sh", self._path, str(WINDOW)]
        ended = threading.Event()
        streams = Streams(
            stdin=_until(over, ended), out=reading.take, err=lambda _: None, over=ended
        )
        self._engine.converse(container.id, command, streams)

    def _push(self, push: Push, line: LogLine) -> None:
        self._given.append(line.text)
        push(line)

    def _after_the_given(self, lines: Sequence[str]) -> Sequence[str]:
        """Of what was there when the reading began, what was not given yet."""
        skips, self._skips = self._skips, False
        return () if skips else after(lines, list(self._given))


class _Reading:
    """Takes what the script says apart: the size, the file's end, and what comes after."""

    def __init__(
        self, chosen: Callable[[Sequence[str]], Sequence[str]], push: Callable[[LogLine], None]
    ) -> None:
        self._chosen, self._push = chosen, push
        self._rest, self._past, self._at = b"", -1, 0

    def take(self, chunk: bytes) -> None:
        """Some bytes of the script's output."""
        self._rest += chunk
        if self._past < 0 and b"\n" in self._rest:
            size, _, self._rest = self._rest.partition(b"\n")
            self._past = min(int(size), WINDOW)
            if self._past == 0:
                self._chosen(())
        if self._past > 0 and len(self._rest) >= self._past:
            past, self._rest = self._rest[: self._past], self._rest[self._past :]
            # A line that is being written is not whole yet.
            whole, _, begun = past.rpartition(b"\n")
            self._past, self._rest = 0, begun + self._rest
            self._tell(self._chosen(_texts(whole + b"\n") if whole else ()))
        if self._past == 0:
            *lines, self._rest = self._rest.split(b"\n")
            self._tell(_texts(b"\n".join([*lines, b""])))

    def _tell(self, lines: Iterable[str]) -> None:
        for line in stamped(lines, self._at):
            self._at = line.at
            self._push(line)


def after(lines: Sequence[str], given: Sequence[str]) -> Sequence[str]:
    """The lines after the last place where the given ones stand; all where they stand nowhere."""
    count = len(given)
    for end in range(len(lines), count - 1, -1) if count else ():
        if list(lines[end - count : end]) == list(given):
            return lines[end:]
    return lines


def stamped(lines: Iterable[str], at: int = 0) -> Iterator[LogLine]:
    """Each line with the time that it, or the last one before it that has one, begins with. A time
    without a zone is taken for UTC: it puts replicas' lines in order, and is shown to nobody."""
    for text in lines:
        with suppress(ValueError):  # it only looks like a time
            at = _nanoseconds(text) or at
        yield LogLine(at=at, text=text)


def _nanoseconds(text: str) -> int | None:
    found = STAMP.match(text)
    if found is None:
        return None
    moment = datetime.fromisoformat(found[1])
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1e6) * 1000


def _texts(data: bytes) -> list[str]:
    lines = data.split(b"\n")[:-1]
    return [line.decode("utf-8", "replace").removesuffix("\r") for line in lines]


def _until(*events: threading.Event) -> Iterator[bytes]:
    """Nothing, until one of these is set."""
    while not any(event.is_set() for event in events):
        time.sleep(LOOK_EVERY)
    yield from ()
