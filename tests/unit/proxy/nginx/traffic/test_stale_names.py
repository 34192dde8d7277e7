"""nginx is reloaded only if its addresses are stale, and never with a configuration it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy.nginx.traffic.stale_names import reload_if_stale
from tests.unit.proxy.engine import ScriptedEngine, replicas_and_proxy

STAT = "{} ({}) S {} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {} 0 0\n"
NGINX = STAT.format(1, "nginx", 0, 1000) + STAT.format(30, "nginx", 1, 50_000)
DUMP = "# configuration file /etc/nginx/nginx.conf:\nupstream web {{ {} }}\n"


def engine(*servers: str, app_started: int) -> ScriptedEngine:
    answers = {
        ("proxy", "nginx"): DUMP.format(" ".join(f"server {server};" for server in servers)),
        ("proxy", "sh"): NGINX,
    }
    started = {(f"app-{n}", "sh"): STAT.format(1, "app (x)", 0, app_started) for n in (1, 2, 3)}
    return ScriptedEngine(replicas_and_proxy(), answers | started)


def was_reloaded(scripted: ScriptedEngine) -> bool:
    return ("proxy", ["nginx", "-s", "reload"]) in scripted.commands


def test_replicas_older_than_nginxs_workers_need_no_reload(stack_of: Callable[..., Any]) -> None:
    scripted = engine("app-1", "app-2", "app-3:80", app_started=40_000)
    assert reload_if_stale(stack_of(scripted)) is False
    assert not was_reloaded(scripted)


def test_fixed_addresses_need_no_reload(stack_of: Callable[..., Any]) -> None:
    scripted = engine("172.20.0.1:80", "172.20.0.2:80", app_started=60_000)
    assert reload_if_stale(stack_of(scripted)) is False
    assert not was_reloaded(scripted)


def test_an_address_that_no_replica_has_is_an_error(stack_of: Callable[..., Any]) -> None:
    scripted = engine("172.20.0.1:80", "172.20.0.77:80", app_started=60_000)
    with pytest.raises(ConfigError, match=r"172\.20\.0\.77"):
        reload_if_stale(stack_of(scripted))
    assert not was_reloaded(scripted)


def test_upstreams_without_replicas_are_ignored(stack_of: Callable[..., Any]) -> None:
    scripted = engine("172.20.0.77:80", "elsewhere:80", app_started=60_000)
    assert reload_if_stale(stack_of(scripted)) is False


def test_a_name_that_nginx_cannot_resolve_prevents_the_reload(stack_of: Callable[..., Any]) -> None:
    scripted = engine("app-1", app_started=60_000)
    scripted.answers["proxy", "nginx"] = 'nginx: [emerg] host not found in upstream "app-1"'
    scripted.failing.add(("proxy", "nginx"))
    with pytest.raises(ConfigError) as raised:
        reload_if_stale(stack_of(scripted))
    assert "host not found" in raised.value.details[0]
    assert not was_reloaded(scripted)


def test_a_proxy_other_than_nginx_is_not_reloaded(stack_of: Callable[..., Any]) -> None:
    scripted = engine("app-1", app_started=60_000)
    scripted.answers["proxy", "sh"] = NGINX.replace("nginx", "haproxy")
    assert reload_if_stale(stack_of(scripted)) is False
