"""A replica is only taken out of a proxy that can do it, and one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy import can_take_out, take_in, take_out, taken_out
from tests.unit.proxy.engine import Talking, three

STATS = "1 (nginx) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1000 0 0\n"
DUMP = "# configuration file /etc/nginx/nginx.conf:\nserver {{ if (-f {}) {{ set $pool x; }} }}\n"


def engine(file: str, shell: str = STATS) -> Talking:
    return Talking(three(), {("proxy", "nginx"): DUMP.format(file), ("proxy", "sh"): shell})


@pytest.mark.parametrize(
    ("file", "expected"), [("/run/out/app-1", {"app-1"}), ("/run/elsewhere/app-1", set())]
)
def test_nginx_must_look_for_the_replicas_own_file(
    stack_of: Callable[..., Any], file: str, expected: set[str]
) -> None:
    assert can_take_out(stack_of(engine(file))) == expected


def test_another_proxy_cannot_take_a_replica_out(stack_of: Callable[..., Any]) -> None:
    traefik = engine("/run/out/app-1", STATS.replace("nginx", "traefik"))
    assert can_take_out(stack_of(traefik)) == set()
    with pytest.raises(ConfigError, match="cannot be told"):
        take_out(stack_of(traefik), "app-1")


def test_without_the_setting_nothing_is_taken_out(stack_of: Callable[..., Any]) -> None:
    ctx = stack_of(engine("/run/out/app-1"), out=None)
    assert can_take_out(ctx) == set()
    assert taken_out(ctx) == []
    take_in(ctx, "app-1")


def test_a_second_one_is_not_taken_out(stack_of: Callable[..., Any]) -> None:
    both = engine("/run/out/app-1", STATS + "/run/out/app-2\n")
    assert taken_out(stack_of(both)) == ["app-2"]
    with pytest.raises(ConfigError, match="app-2 is out already"):
        take_out(stack_of(both), "app-1")
