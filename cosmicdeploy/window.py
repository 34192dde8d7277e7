"""The time in which requests are turned away on purpose, because data is being exchanged."""

from __future__ import annotations

import time


class Window:
    """Opened and closed by steps; asked by whoever judges an answer meanwhile."""

    def __init__(self) -> None:
        self._opened: float | None = None
        self.seconds = 0.0

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    def open(self) -> None:
        """From now on a request may be turned away."""
        if self._opened is None:
            self._opened = time.monotonic()

    def close(self) -> None:
        """Requests are answered again; `seconds` is how long they were not."""
        if self._opened is not None:
            self.seconds += time.monotonic() - self._opened
            self._opened = None
