"""Counters are read from a page of metrics."""

from __future__ import annotations

import pytest

from cosmicdeploy.proxy.admin.metrics import samples, server_errors

pytestmark = pytest.mark.unit

PAGE = """\
# TYPE traefik_service_requests_total counter
traefik_service_requests_total{code="200",method="GET",service="app@docker"} 1200
traefik_service_requests_total{code="502",method="GET",service="app@docker"} 3
traefik_service_requests_total{code="500",method="POST",service="a \\"quoted\\" one"} 1e1
traefik_service_requests_bytes_total{code="502",service="app@docker"} 99
broken{code="502"
"""


def test_responses_of_5xx_are_summed_up() -> None:
    assert server_errors(PAGE, "traefik_service_requests_total") == 13


def test_a_page_without_the_metric_says_nothing() -> None:
    assert server_errors(PAGE, "caddy_http_requests_total") is None
    assert server_errors("", "x") is None


def test_a_label_may_have_quotes() -> None:
    found = [labels["service"] for labels, _ in samples(PAGE, "traefik_service_requests_total")]
    assert found[-1] == 'a \\"quoted\\" one'
