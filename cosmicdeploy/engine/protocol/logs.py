"""The part of the `Engine` protocol that reads the logs of containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from cosmicdeploy.engine.facts import LogLine


class EngineLogs(Protocol):
    """The logs of containers; every method returns the oldest line first."""

    def logs(
        self, container_id: str, *, tail: int | None = None, seconds: float | None = None
    ) -> list[str]:
        """Return all log lines, or only the last `tail` lines, or only the last `seconds`."""

    def log_lines(self, container_id: str, since: float) -> Iterator[str]:
        """Yield the log lines since a Unix time."""

    def timed_log_lines(
        self,
        container_id: str,
        *,
        since: int | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> Iterator[LogLine]:
        """Yield log lines with their times: only those since `since`, or only the last `tail`.

        `since` is in nanoseconds since 1970. With `follow`, new lines are yielded as they come,
        until the container ends.
        """
