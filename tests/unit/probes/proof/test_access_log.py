"""Counts from nginx's access log."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.probes.proof.access_log import count, count_spans
from cosmicdeploy.probes.proof.soak_comparison import Comparison
from cosmicdeploy.settings import Probe, Soak
from cosmicdeploy.traffic.request_stats import Sample
from cosmicdeploy.traffic.traffic_stats import TrafficStats

AT = datetime(2026, 11, 24, 3, 10, 11, tzinfo=UTC).timestamp()


def line(status: int, request: str = "GET / HTTP/1.1", at: str = "24/Nov/2026:03:10:11") -> str:
    return f'172.18.0.1 - - [{at} +0000] "{request}" {status} 15 "-" "curl/7.88.1"'


def test_server_errors_and_closed_clients_are_counted() -> None:
    lines = [line(status) for status in (200, 200, 404, 500, 502, 503, 499)]
    assert count(lines) == {"answers": 7, "errors": 3, "gateway": 1, "gone": 1, "held": 0}


def test_similar_formats_and_malformed_requests_are_counted() -> None:
    lines = [
        line(500) + ' "10.0.0.7" 0.003',
        line(502, request=r"\x16\x03\x01"),
        line(400, request=""),
        line(500, request="GET /?q=500 200 HTTP/1.1"),
        '::1 - "user" [24/Nov/2026:03:10:11 +0100] "GET / HTTP/2.0" 200 3',
    ]
    assert count(lines) == {"answers": 5, "errors": 3, "gateway": 1, "gone": 0, "held": 0}


def test_lines_that_are_no_access_log_give_no_counts() -> None:
    assert count([]) is None
    assert count(["2026/11/24 03:10:11 [notice] 1#1: start worker processes", "{}"]) is None


def test_a_503_during_maintenance_is_held_and_not_an_error() -> None:
    lines = [
        line(503, at="24/Nov/2026:03:10:09"),
        line(503, at="24/Nov/2026:03:10:10"),
        line(503, at="24/Nov/2026:04:10:11"),
        line(502),
        line(503),
    ]
    window = (AT - 0.5, AT + 2)
    counted = {"answers": 5, "errors": 3, "gateway": 1, "gone": 0, "held": 2}
    assert count(lines, [window]) == counted


def logged(*lines: str) -> Any:
    """Return a context whose proxy has logged these lines, and whose probes began before them."""
    traffic = TrafficStats()
    traffic.samples.append(Sample(AT - 11, 0.01, True))
    return SimpleNamespace(
        settings=SimpleNamespace(
            services=SimpleNamespace(proxy="proxy"), watch=Soak(), probe=Probe()
        ),
        container=lambda _name: SimpleNamespace(id="1"),
        engine=SimpleNamespace(log_lines=lambda _id, _since: iter(lines)),
        run=RunScope(traffic=traffic),
    )


def test_spans_are_counted_separately() -> None:
    before, after = line(500, at="24/Nov/2026:03:10:01"), line(502)
    ctx = logged(before, "no access log", line(200, at="24/Nov/2026:03:10:05"), after, line(200))
    found = count_spans(ctx, (AT - 11, AT - 9), (AT - 0.5, AT + 2))
    assert found is not None
    assert [(each["answers"], each["errors"]) for each in found] == [(1, 1), (2, 1)]
    assert count_spans(logged(after), (AT - 11, AT - 9), (AT - 0.5, AT + 2)) is None


def test_responses_to_clients_are_compared_with_those_before_the_rollout() -> None:
    """So a release that breaks a page that the probes do not request is noticed."""
    good = [line(200, at="24/Nov/2026:03:10:01")] * 50
    after = [line(500), *[line(200)] * 9]

    def breaches(*before: str) -> list[str]:
        comparison = Comparison(logged(*before, *after), rollout_start=AT - 9, soak_start=AT - 0.5)
        return comparison.breaches(over=True)

    comparison = Comparison(logged(*good, *after), rollout_start=AT - 9, soak_start=AT - 0.5)
    assert comparison.facts()["clients"] is None, "nothing has been compared yet"
    comparison.breaches(over=True)
    clients: Any = comparison.facts()["clients"]
    assert (clients["before"]["errors"], clients["after"]["errors"]) == (0, 1)
    unlogged = Comparison(logged("no access log"), rollout_start=AT - 9, soak_start=AT - 0.5)
    assert unlogged.breaches(over=True) == [] and unlogged.facts()["clients"] is None
    [breach] = breaches(*good)
    assert "1 of 10 requests failed" in breach and "before the rollout 0.0%" in breach
    assert breaches(*[line(500, at="24/Nov/2026:03:10:01")] * 5, *good[:45]) == []
