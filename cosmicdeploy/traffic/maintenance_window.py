"""The maintenance window: when clients are turned away on purpose."""

from __future__ import annotations

import time

Span = tuple[float, float]


class MaintenanceWindow:
    """Records when a run turns clients away on purpose, which it may do several times.

    `seconds` is the total duration of the windows that are closed. `changes` counts how often a
    window was opened or closed.
    """

    def __init__(self) -> None:
        # When the open window began: by the monotonic clock, for its duration, and as a Unix time.
        self._opened: float | None = None
        self._opened_at = 0.0
        self._past: list[Span] = []
        self.seconds = 0.0
        self.changes = 0

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    @property
    def spans(self) -> list[Span]:
        """The start and end (Unix times) of each window; a window that is still open ends now."""
        return [*self._past, (self._opened_at, time.time())] if self.is_open else [*self._past]

    def open(self) -> None:
        """Open the window if it is closed: from now on requests may be turned away."""
        if self._opened is None:
            self._opened, self._opened_at = time.monotonic(), time.time()
            self.changes += 1

    def close(self) -> None:
        """Close the window if it is open, and add its duration to `seconds`."""
        if self._opened is not None:
            self.seconds += time.monotonic() - self._opened
            self._past.append((self._opened_at, time.time()))
            self._opened = None
            self.changes += 1
