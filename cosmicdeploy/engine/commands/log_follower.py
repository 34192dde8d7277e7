"""Pass on the lines of a container's log as the container prints them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol

from cosmicdeploy.engine.facts import LogLine
from cosmicdeploy.process.signals import interruptible

OnLine = Callable[[str], None]
# The seconds within which the engine ends the stream of a log after the container has ended.
LOG_ENDS_WITHIN = 5.0


class ReadLog(Protocol):
    """Yields the lines of a container's log from its beginning.

    With `follow`, also yields later lines, until the container ends.
    """

    def __call__(self, *, follow: bool) -> Iterator[LogLine]: ...


class LogFollower:
    """Reads a log in a thread, from the moment that the object is created.

    `on_line` gets each line that is not blank, first in the reading thread, then in the thread that
    calls `finish`.
    """

    def __init__(self, read: ReadLog, on_line: OnLine) -> None:
        self._read, self._on_line = read, on_line
        self._passed_on = 0  # lines, blank ones included
        self._is_over = False
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        try:
            for line in self._read(follow=True):
                if self._is_over:
                    return
                self._pass_on(line)
        except Exception:  # `finish` reads the rest, and reports an error
            return

    def finish(self) -> None:
        """Pass on the lines that are missing because the engine broke the stream off.

        The caller calls this method once the container has ended. If the log cannot be read, as
        with some logging drivers, `on_line` gets a line that says why, and nothing is raised.
        """
        with interruptible():
            self._thread.join(LOG_ENDS_WITHIN)
        self._is_over = True
        try:
            for line in islice(self._read(follow=False), self._passed_on, None):
                self._pass_on(line)
        except Exception as error:
            self._on_line(f"the log cannot be read: {error}")

    def stop(self) -> None:
        """Pass on no further line, since nothing waits for the container any more."""
        self._is_over = True

    def _pass_on(self, line: LogLine) -> None:
        if line.text.strip():
            self._on_line(line.text.rstrip())
        self._passed_on += 1
