"""The part of the report about the requests that were sent during a run."""

from __future__ import annotations

from pydantic import Field

from cosmicdeploy.report.part import Part


class RequestStatsReport(Part):
    """Statistics of requests; times are in milliseconds.

    Three counts are no failures: `held` requests got 503 with Retry-After, or no response, during
    maintenance; `announced` requests failed in an announced gap; `limited` requests got 429.
    `not_found` counts acknowledged heartbeats that were missing in the database. `p50_ms` and
    `p99_ms` are percentiles. `longest_gap_ms` is the longest time between two good responses.
    """

    sent: int
    failed: int
    held: int = 0
    announced: int = 0
    limited: int = 0
    not_found: int = 0
    p50_ms: float
    p99_ms: float
    max_ms: float
    longest_gap_ms: float


class GapReport(Part):
    """A gap: a time in which clients were not served while `service` was replaced or reloaded.

    The plan announced at most `at_most_seconds`. `what` says what the service did during the gap.
    `failed` counts the run's own requests that failed in the gap; null if the run sent no requests.
    """

    service: str
    what: str = "was away"
    seconds: float
    at_most_seconds: float
    failed: int | None = None


class BeatsReport(Part):
    """Heartbeats among the requests; `found` counts those that were found in the database.

    `limited` heartbeats got 429 and prove nothing. `not_looked_up` says why some heartbeats were
    not looked up in the database; "" if all were.
    """

    sent: int
    acknowledged: int
    found: int
    limited: int = 0
    not_looked_up: str = ""


class ProxyReport(Part):
    """Counts of the responses in the proxy's access log; `answers` counts all of them.

    `errors` are 5xx; among them are those of the `gateway` (502 and 504: the proxy got no response
    from a replica). `gone` are 499 (the client closed the connection). `held` are 503 during
    maintenance, which do not count as errors.
    """

    answers: int
    errors: int
    gateway: int = 0
    gone: int
    held: int


class RequestsReport(RequestStatsReport):
    """Requests sent through the proxy during the run, on `new` and on `kept` (reused) connections.

    `applications` has the requests to each application by its name; empty if there is only one.
    `failures` describes the first failures. `broken` says what clients would have noticed; "" for
    nothing. `failing_before` says how many requests failed before the run changed anything; if it
    is not "", failures are excused until the rollout has ended.
    """

    failures: tuple[str, ...] = ()
    broken: str = ""
    failing_before: str = ""
    new: RequestStatsReport
    kept: RequestStatsReport
    applications: dict[str, RequestStatsReport] = Field(default_factory=dict)
    beats: BeatsReport | None = None
    proxy: ProxyReport | None = None
