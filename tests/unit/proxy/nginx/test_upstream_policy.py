"""nginx's configuration determines for how long nginx avoids a replica that failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.proxy.nginx.flaws.check import check
from cosmicdeploy.proxy.nginx.traffic.waits import describe_waits
from cosmicdeploy.proxy.nginx.upstream_policy import SLACK, UpstreamPolicy, upstream_policies
from tests.unit.proxy.engine import APPS, ScriptedEngine, replicas_and_proxy
from tests.unit.proxy.nginx.test_check import PROCESSES

DUMP = "# configuration file /etc/nginx/nginx.conf:\nhttp {{ {} }}\n"


def policies(stack_of: Callable[..., Any], *upstreams: str) -> dict[str, UpstreamPolicy]:
    dump = DUMP.format(" ".join(f"upstream u{n} {{ {u} }}" for n, u in enumerate(upstreams)))
    engine = ScriptedEngine(
        replicas_and_proxy(), {("proxy", "nginx"): dump, ("proxy", "sh"): PROCESSES}
    )
    return dict(upstream_policies(stack_of(engine)))


@pytest.mark.parametrize(
    ("options", "seconds"),
    [("", 10), ("fail_timeout=3s", 3), ("max_fails=3", 10), ("max_fails=0", 0), ("down", 0)],
)
def test_fail_timeout_is_nginxs_default_unless_the_configuration_sets_it(
    stack_of: Callable[..., Any], options: str, seconds: float
) -> None:
    found = policies(stack_of, f"server app-1 {options}; server app-2;")["app-1"]
    assert found.fail_timeout == seconds
    assert found.unavailable_for == (seconds + SLACK if seconds else 0)
    assert found.in_rotation == (options != "down")


def test_the_longest_fail_timeout_of_several_upstreams_counts(stack_of: Callable[..., Any]) -> None:
    found = policies(
        stack_of,
        "zone a 64k; server 172.20.0.1:80 fail_timeout=1s; server app-2 fail_timeout=1s;",
        "zone b 64k; server app-1 fail_timeout=30s; server app-2:80 backup;",
    )
    assert (found["app-1"].fail_timeout, found["app-2"].fail_timeout) == (30, 10)
    assert "app-3" not in found


def test_the_only_server_of_an_upstream_is_never_avoided(stack_of: Callable[..., Any]) -> None:
    assert policies(stack_of, "server app-1;")["app-1"].unavailable_for == 0


@pytest.mark.parametrize(
    ("valid", "skipped", "is_late"), [("valid=3s", 3, False), ("", 0, True), ("valid=5m", 0, True)]
)
def test_nginx_uses_an_answer_without_a_replica_as_long_as_the_resolver_says(
    stack_of: Callable[..., Any], valid: str, skipped: float, is_late: bool
) -> None:
    location = f"server {{ resolver 127.0.0.11 {valid}; set $a app-1; proxy_pass http://$a:80; }}"
    engine = ScriptedEngine(
        replicas_and_proxy(),
        {("proxy", "nginx"): DUMP.format(location), ("proxy", "sh"): PROCESSES},
    )
    found = upstream_policies(stack_of(engine))
    assert list(found) == ["app-1"] and found["app-1"].in_rotation
    assert (found["app-1"].skipped_for, found["app-1"].is_resolved_late) == (skipped, is_late)


def test_backups_and_servers_chosen_by_client_are_not_in_rotation(
    stack_of: Callable[..., Any],
) -> None:
    found = policies(stack_of, "server app-1; server app-2 backup;", "ip_hash; server app-3;")
    assert {name: each.in_rotation for name, each in found.items()} == {
        "app-1": True,
        "app-2": False,
        "app-3": False,
    }


def test_a_small_weight_and_separate_workers_need_more_requests_until_a_turn(
    stack_of: Callable[..., Any],
) -> None:
    servers = "server app-1 weight=9; server app-2;"
    assert policies(stack_of, servers)["app-2"].turns == 20, "two workers, ten turns each"
    assert policies(stack_of, f"zone a 64k; {servers}")["app-2"].turns == 10


def test_the_plan_says_how_long_the_rollout_waits(stack_of: Callable[..., Any]) -> None:
    servers = " ".join(f"server {name};" for name in APPS)
    dump = DUMP.format(f"upstream web {{ {servers} }}")
    engine = ScriptedEngine(
        replicas_and_proxy(), {("proxy", "nginx"): dump, ("proxy", "sh"): PROCESSES}
    )
    description = describe_waits(stack_of(engine, pause=2), APPS)
    assert "for 10 s" in description and "11.5 s after each of 3" in description
    assert describe_waits(stack_of(engine, pause=12), APPS) == ""


def shared_name(stack_of: Callable[..., Any], http: str) -> Any:
    """Return the context of a service with three replicas, which nginx knows by its name."""
    answers = {("proxy", "nginx"): DUMP.format(http), ("proxy", "sh"): PROCESSES}
    ctx = stack_of(ScriptedEngine(replicas_and_proxy(), answers), pause=2)
    for name in APPS:
        ctx.stack.services[name].compose_name = "app"
    return ctx


@pytest.mark.parametrize(
    ("http", "seconds"),
    [
        ("upstream web { zone web 64k; server app:80 fail_timeout=3s; }", 3),
        ("upstream web { server app:80; }", 10),
        ("server { location / { proxy_pass http://app:80; } }", 10),
    ],
)
def test_each_address_of_a_name_is_a_server_that_nginx_skips(
    stack_of: Callable[..., Any], http: str, seconds: float
) -> None:
    found = upstream_policies(shared_name(stack_of, http))
    assert {name: each.fail_timeout for name, each in found.items()} == dict.fromkeys(APPS, seconds)
    assert found["app-1"].turns == (3 if "zone" in http else 6), "all three in turn"


def test_a_name_of_several_replicas_without_an_upstream_is_warned_of(
    stack_of: Callable[..., Any],
) -> None:
    http = "server { location / { proxy_connect_timeout 1s; proxy_pass http://app:80; } }"
    [warning] = check(shared_name(stack_of, http)).warnings
    assert "requests to app: expected an upstream" in warning and "write upstream app {" in warning
    declared = "upstream web { server app:80; } server { proxy_pass http://web; }"
    assert "write zone web 64k;" in " ".join(check(shared_name(stack_of, declared)).warnings)
