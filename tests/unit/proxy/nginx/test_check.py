"""The point `proxy`: broken configuration fails; configuration that can lose requests warns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.probes.result import STAKES, Stake, graded
from cosmicdeploy.proxy.check import proxy
from cosmicdeploy.proxy.nginx.units import seconds
from tests.unit.proxy.engine import ScriptedEngine, replicas_and_proxy

STAT = "{} (nginx) S {} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1000 0 0\n"
PROCESSES = STAT.format(1, 0) + STAT.format(30, 1) + STAT.format(31, 1)
GOOD = """\
# configuration file /etc/nginx/nginx.conf:
http {
    upstream web {
        zone web 64k;
        server 172.20.0.1:80 max_fails=1 fail_timeout=1s;
        server 172.20.0.2:80 max_fails=1 fail_timeout=1s;
        server 172.20.0.3:80 max_fails=1 fail_timeout=1s;
        keepalive 32;
        keepalive_timeout 2s;
    }
    upstream others { server 172.20.0.99; server 172.20.0.98; }
    proxy_connect_timeout 100ms;
    server {
        location / { proxy_pass http://web; }
        location /others { proxy_connect_timeout 5m; proxy_pass http://others; }
    }
}
"""


def engine(dump: str, shell: str = PROCESSES) -> ScriptedEngine:
    return ScriptedEngine(replicas_and_proxy(), {("proxy", "nginx"): dump, ("proxy", "sh"): shell})


def test_the_documented_configuration_has_no_warnings(stack_of: Callable[..., Any]) -> None:
    result = proxy(stack_of(engine(GOOD), pause=2))
    assert (result.ok, result.warnings) == (True, ())
    assert "3 replicas" in result.found


@pytest.mark.parametrize(
    ("line", "replacement", "warning", "stake"),
    [
        ("zone web 64k;", "", "zone web 64k;", "clients"),
        ("max_fails=1", "max_fails=0", "max_fails above 0", "clients"),
        ("fail_timeout=1s", "", "fail_timeout below restart.pause (2 s), found 10s", "deploys"),
        ("fail_timeout=1s", "fail_timeout=2", "found 2;", "deploys"),
        ("keepalive_timeout 2s;", "", "keepalive_timeout 60s", "requests"),
        ("proxy_connect_timeout 100ms;", "", "60s; write proxy_connect_timeout 100ms;", "clients"),
        ("proxy_pass http://web;", "proxy_next_upstream off; proxy_pass http://web;", "found off",
         "requests"),
        ("http://web;", "http://web; proxy_next_upstream_tries 1;", "more tries than", "requests"),
        ("server 172.20.0.3:80", "server app-2 down; #", "app-3: expected a server", "requests"),
    ],
)  # fmt: skip
def test_configuration_that_costs_something_in_a_deploy_is_a_warning_with_the_cost(
    stack_of: Callable[..., Any], line: str, replacement: str, warning: str, stake: Stake
) -> None:
    assert line in GOOD
    result = proxy(stack_of(engine(GOOD.replace(line, replacement)), pause=2))
    assert (result.ok, result.stake) == (True, stake)
    assert warning in " ".join(result.warnings)
    assert result.warnings[0].startswith(STAKES[stake])


def test_the_warnings_that_cost_most_come_first(stack_of: Callable[..., Any]) -> None:
    flawed = GOOD.replace("fail_timeout=1s", "").replace("proxy_connect_timeout 100ms;", "")
    flawed = flawed.replace("keepalive_timeout 2s;", "")
    result = proxy(stack_of(engine(flawed), pause=2))
    costs = [warning.partition(":")[0] for warning in result.warnings]
    assert costs == [STAKES["requests"], STAKES["clients"], *[STAKES["deploys"]] * 3]
    assert graded(result) == "proxy has 5 warnings: may lose requests in a deploy"


def test_a_flaw_that_two_groups_have_by_the_same_variable_is_one_warning(
    stack_of: Callable[..., Any],
) -> None:
    """What is lost differs with the group, but a warning does not say it."""
    few = "upstream few { zone few 64k; server 172.20.0.1:80 fail_timeout=1s;"
    few += " server 172.20.0.2:80 fail_timeout=1s; keepalive_timeout 2s; }\n    upstream others"
    by_variable = "set ${0} {1}; proxy_next_upstream off; proxy_pass http://$pool;"
    two = GOOD.replace("upstream others", few).replace(
        "proxy_pass http://web;", by_variable.format("pool", "web")
    )
    two = two.replace("location /others", "location /few { PASS }\n        location /others")
    two = two.replace("PASS", by_variable.format("pool", "few"))
    warnings = proxy(stack_of(engine(two), pause=2)).warnings
    assert sum("a retry after error and timeout" in each for each in warnings) == 1


def test_there_must_be_more_tries_than_replicas_that_may_be_away(
    stack_of: Callable[..., Any],
) -> None:
    two_tries = GOOD.replace("http://web;", "http://web; proxy_next_upstream_tries 2;")
    assert proxy(stack_of(engine(two_tries), pause=2)).warnings == ()
    [warning] = proxy(stack_of(engine(two_tries), pause=2, max_unavailable=5)).warnings
    assert "(2), found 2; write proxy_next_upstream_tries 3;" in warning, (
        "at most two of three replicas are away"
    )


def test_an_address_that_no_replica_has_fails_the_point(stack_of: Callable[..., Any]) -> None:
    result = proxy(stack_of(engine(GOOD.replace("172.20.0.3:80", "172.20.0.4:80"))))
    assert not result.ok
    assert "172.20.0.4" in result.found


def test_an_address_on_another_host_is_accepted(stack_of: Callable[..., Any]) -> None:
    elsewhere = GOOD.replace("keepalive 32;", "server 192.0.2.1:80 fail_timeout=1s;")
    assert proxy(stack_of(engine(elsewhere), pause=2)).ok


def test_an_nginx_that_could_not_start_fails_the_point(stack_of: Callable[..., Any]) -> None:
    broken = engine('nginx: [emerg] host not found in upstream "app-1:80"')
    broken.failing.add(("proxy", "nginx"))
    result = proxy(stack_of(broken))
    assert not result.ok
    assert "host not found" in result.found


def test_a_replica_out_of_service_is_a_warning(stack_of: Callable[..., Any]) -> None:
    result = proxy(stack_of(engine(GOOD, PROCESSES + "/run/out/app-2\n"), pause=2))
    assert result.ok
    assert "remove /run/out/app-2" in result.warnings[0]


def test_a_proxy_other_than_nginx_is_not_checked(stack_of: Callable[..., Any]) -> None:
    result = proxy(stack_of(engine(GOOD, PROCESSES.replace("nginx", "envoy"))))
    assert result.ok
    assert result.skipped and result.found.startswith("the proxy is not nginx, HAProxy, Traefik")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("100ms", 0.1), ("60", 60), ("60s", 60), ("1m30s", 90), ("1m 30", 90), ("1h", 3600)),
        *(("1d 2h", 93_600), ("1d2h3m4s5ms", 93_784.005), ("2w", 1_209_600)),
        *(("1M", 2_592_000), ("1M1m", 2_592_060), ("1y", 31_536_000), ("1y 1M", 34_128_000)),
    ],
)
def test_times_are_parsed_as_nginx_does(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


def test_only_replicas_in_the_configuration_count_as_known(stack_of: Callable[..., Any]) -> None:
    result = proxy(stack_of(engine(GOOD.replace("server 172.20.0.3:80", "#")), pause=2))
    assert result.found == "nginx knows 2 replicas, in 1 group"
