"""The part of the report about the requests that were sent during a run."""

from __future__ import annotations

from pydantic import Field

from cosmicdeploy.report.part import Part


class RequestStatsReport(Part):
    """Statistics of requests; times are in milliseconds.

    `held` requests got 503 with Retry-After during maintenance, `announced` ones failed in an
    announced gap, `limited` ones got 429; none of these is a failure. `not_found` counts
    acknowledged heartbeats that were missing in the database.
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
    """A time in which clients were not served while `service` was replaced, as announced.

    `what` says what the service did. `failed` counts the run's own requests that failed in it; null
    if the run sent none.
    """

    service: str
    what: str = "was away"
    seconds: float
    at_most_seconds: float
    failed: int | None = None


class BeatsReport(Part):
    """Heartbeats among the requests; `found` counts those that the database has.

    `limited` heartbeats got 429 and prove nothing. `not_looked_up` says why some heartbeats were
    not looked up in the database.
    """

    sent: int
    acknowledged: int
    found: int
    limited: int = 0
    not_looked_up: str = ""


class ProxyReport(Part):
    """Responses in the proxy's access log, counted.

    `errors` are 5xx, `gone` are 499 (the client closed the connection), `held` are 503 during
    maintenance.
    """

    answers: int
    errors: int
    gone: int
    held: int


class RequestsReport(RequestStatsReport):
    """Requests sent through the proxy during the run, on `new` and on `kept` connections.

    `applications` has the requests to each application by its name; empty if there is only one.
    `broken` says what clients noticed. `failing_before` says which requests failed before the run
    changed anything: if there are any, only failures after the rollout count.
    """

    failures: tuple[str, ...] = ()
    broken: str = ""
    failing_before: str = ""
    new: RequestStatsReport
    kept: RequestStatsReport
    applications: dict[str, RequestStatsReport] = Field(default_factory=dict)
    beats: BeatsReport | None = None
    proxy: ProxyReport | None = None
