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
        """Return a container's log lines, without their times.

        Returns at most the last `tail` lines, and only those of the last `seconds` by this
        machine's clock. None means no limit.
        """

    def log_lines(self, container_id: str, since: float) -> Iterator[str]:
        """Yield the log lines since the Unix time `since`, without their times."""

    def timed_log_lines(
        self,
        container_id: str,
        *,
        since: int | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> Iterator[LogLine]:
        """Yield log lines with their times.

        Yields at most the last `tail` lines, and only those since `since` (nanoseconds since 1970).
        None means no limit. With `follow`, also yields each new line until the container ends.
        """
