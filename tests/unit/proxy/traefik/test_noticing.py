"""The wait for the engine is as long as the container's own health check needs."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.engine.facts import HealthTimes
from cosmicdeploy.engine.parsing import parse_container
from cosmicdeploy.proxy.traefik.noticing import drained_within, healthy_within
from tests.unit.proxy.engine import container

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("times", "drained", "healthy"),
    [
        (HealthTimes(interval=2, timeout=1, retries=1), 60, 60),
        (HealthTimes(), 180, 180),
        (HealthTimes(interval=30, timeout=10, retries=3, start_period=60), 120, 180),
        (HealthTimes(interval=300, timeout=30, retries=5), 600, 600),
    ],
)
def test_the_wait_follows_the_containers_check_within_bounds(
    times: HealthTimes, drained: float, healthy: float
) -> None:
    found = container("app-1", "172.20.0.1", health_times=times)
    assert (drained_within(found), healthy_within(found)) == (drained, healthy)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (None, HealthTimes()),
        ({"Test": ["CMD", "true"], "Interval": 0}, HealthTimes()),
        (
            {"Interval": 2 * SECOND, "Timeout": SECOND, "Retries": 5, "StartPeriod": 9 * SECOND},
            HealthTimes(interval=2, timeout=1, retries=5, start_period=9),
        ),
    ],
)
def test_the_times_are_those_that_the_engine_reports(
    check: dict[str, Any] | None, expected: HealthTimes
) -> None:
    attrs = {
        "Id": "0" * 64,
        "Name": "/app-1",
        "Image": "sha256:1",
        "State": {"Status": "running"},
        "Config": {"Healthcheck": check},
        "HostConfig": {},
        "NetworkSettings": {},
    }
    assert parse_container(attrs).health_times == expected
