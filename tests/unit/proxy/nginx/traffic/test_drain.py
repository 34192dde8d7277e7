"""Only an nginx that checks the flag files can drain, and only one replica at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy import load_balancer, out_of_service, put_in_service
from cosmicdeploy.proxy.nginx.traffic.drain import drain, drainable
from tests.unit.proxy.engine import ScriptedEngine, replicas_and_proxy

PROCESSES = "1 (nginx) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1000 0 0\n"
DUMP = "# configuration file /etc/nginx/nginx.conf:\nserver {{ if (-f {}) {{ set $pool x; }} }}\n"


def engine(file: str, shell: str = PROCESSES) -> ScriptedEngine:
    return ScriptedEngine(
        replicas_and_proxy(), {("proxy", "nginx"): DUMP.format(file), ("proxy", "sh"): shell}
    )


@pytest.mark.parametrize(
    ("file", "expected"), [("/run/out/app-1", {"app-1"}), ("/run/elsewhere/app-1", set())]
)
def test_nginx_must_check_the_replicas_own_flag_file(
    stack_of: Callable[..., Any], file: str, expected: set[str]
) -> None:
    assert drainable(stack_of(engine(file))) == expected


def test_a_proxy_other_than_nginx_cannot_drain(stack_of: Callable[..., Any]) -> None:
    traefik = engine("/run/out/app-1", PROCESSES.replace("nginx", "traefik"))
    assert drainable(stack_of(traefik)) == set()
    with pytest.raises(ConfigError, match="cannot leave out"):
        drain(stack_of(traefik), "app-1")


def test_without_the_setting_no_replica_is_drainable(stack_of: Callable[..., Any]) -> None:
    ctx = stack_of(engine("/run/out/app-1"), out=None)
    assert drainable(ctx) == set()
    assert out_of_service(ctx) == []
    put_in_service(ctx, "app-1")


def test_a_second_replica_is_not_drained(stack_of: Callable[..., Any]) -> None:
    both = engine("/run/out/app-1", PROCESSES + "/run/out/app-2\n")
    assert out_of_service(stack_of(both)) == ["app-2"]
    with pytest.raises(ConfigError, match="app-2 is out of service already"):
        drain(stack_of(both), "app-1")


@pytest.mark.parametrize(("health", "drained"), [("healthy", ["app-2"]), ("starting", [])])
def test_a_replica_that_a_killed_run_left_out_is_let_in_if_it_can_serve(
    stack_of: Callable[..., Any], health: str, drained: list[str]
) -> None:
    left = engine("/run/out/app-2", PROCESSES + "/run/out/app-2\n")
    left.containers["app-2"] = replace(left.containers["app-2"], health=health)
    traffic = load_balancer(stack_of(left)).traffic()
    traffic.adopt()
    assert traffic.drained() == drained
