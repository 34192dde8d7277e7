"""A response is recognized in the access log of each load balancer."""

from __future__ import annotations

import pytest

from cosmicdeploy.probes.proof.access_log import count
from cosmicdeploy.probes.proof.log_formats import response_in

pytestmark = pytest.mark.unit

NGINX = '10.0.0.1 - - [30/Nov/2026:21:07:34 +0000] "GET / HTTP/1.1" 200 10 "-" "curl"'
TRAEFIK = (
    '10.0.0.1 - - [30/Nov/2026:21:07:34 +0000] "GET / HTTP/1.1" 502 10 "-" "-" 1 "app@docker"'
    ' "http://10.0.0.3:8000" 1ms'
)
CADDY = (
    '{"level":"error","ts":1796072854.5,"logger":"http.log.access.log0","msg":"handled request",'
    '"request":{"method":"GET","uri":"/[30/Nov/2026] \\"x\\" 200 "},"duration":0.1,"status":503}'
)
HAPROXY = (
    "10.0.0.1:53158 [30/Nov/2026:21:07:34.123] http app/app-1 0/0/0/1/1 504 10 - - ---- 1/1/0/0/0"
    ' 0/0 "GET / HTTP/1.1"'
)
AT = "30/Nov/2026:21:07:34 +0000"


@pytest.mark.parametrize(
    ("line", "status"), [(NGINX, 200), (TRAEFIK, 502), (CADDY, 503), (HAPROXY, 504)]
)
def test_status_and_time_are_found(line: str, status: int) -> None:
    assert response_in(line) == (status, AT)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nginx: [notice] signal process started",
        '{"logger":"http.log.access","status":"x","ts":1}',
        '{"logger":"http.log.access","status":200,"ts":1e300}',
        '{"logger":"http.log.access","status":200,"ts":"2026-11-30"}',
        '{"logger":"http.log.access"' + "[" * 100_000,
        CADDY.replace("http.log.access", "admin.api"),
        HAPROXY.replace(" 504 ", " -1 "),
    ],
)
def test_any_other_line_has_no_response(line: str) -> None:
    assert response_in(line) is None


def test_they_are_counted_alike() -> None:
    counts = count([NGINX, TRAEFIK, CADDY, HAPROXY])
    assert counts == {"answers": 4, "errors": 3, "gateway": 2, "gone": 0, "held": 0}
