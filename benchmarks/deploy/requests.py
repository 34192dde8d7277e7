"""What came of each request, and what a number of them say together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

OK = 200


@dataclass(frozen=True)
class Request:
    """One request; times in seconds of the monotonic clock, which all processes share.

    `status` is 0 where no answer came; `error` says why.
    """

    due: float
    start: float
    end: float
    status: int
    kept: bool
    path: str
    error: str = ""

    @property
    def failed(self) -> bool:
        return self.status != OK

    @property
    def told(self) -> str:
        """How it went, in a few words."""
        connection = "kept alive" if self.kept else "new"
        return f"{self.path}, {connection}: {self.error or self.status}"

    @property
    def ms(self) -> float:
        """From when it was due: a sender that is held up does not flatter the answers."""
        return (self.end - self.due) * 1000

    @property
    def ms_sent(self) -> float:
        """From when it was sent."""
        return (self.end - self.start) * 1000

    @property
    def lag_ms(self) -> float:
        """How late it was sent: the sender's own doing."""
        return (self.start - self.due) * 1000


def read_requests(path: Path) -> list[Request]:
    """What the load wrote."""
    with path.open(encoding="utf-8") as file:
        return [Request(**json.loads(line)) for line in file]


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of them stays within; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def p99(requests: Iterable[Request]) -> float:
    """Milliseconds from when they were due."""
    return percentile((request.ms for request in requests), 0.99)
