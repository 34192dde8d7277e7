"""A request of the load with its result, and percentiles of latencies."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

OK = 200


@dataclass(frozen=True)
class Request:
    """A request; times are in seconds of the monotonic clock, which all processes share.

    `status` is 0 if there was no response; `error` is the reason.
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
    def description(self) -> str:
        """The request and its result in a few words."""
        connection = "kept alive" if self.kept else "new"
        return f"{self.path}, {connection}: {self.error or self.status}"

    @property
    def ms(self) -> float:
        """The latency since the request was due, so that a late sender hides no slow response."""
        return (self.end - self.due) * 1000

    @property
    def lag_ms(self) -> float:
        """How late the request was sent."""
        return (self.start - self.due) * 1000


def read_requests(path: Path) -> list[Request]:
    """Read the requests that `benchmarks.deploy.load` wrote."""
    with path.open(encoding="utf-8") as file:
        return [Request(**json.loads(line)) for line in file]


def percentile(values: Iterable[float], share: float) -> float:
    """Return a percentile of the values (`share` from 0 to 1); 0 if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def p99(requests: Iterable[Request]) -> float:
    """Return the 99th percentile of the latencies since due, in ms."""
    return percentile((request.ms for request in requests), 0.99)
