"""For how long a replica that was away gets nothing is what nginx's own configuration says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.proxy.nginx.fail_timeout import SLACK, Treatment, treatments
from cosmicdeploy.steps.rollout.proxy_waits import told_of_waits
from tests.unit.proxy.engine import APPS, Talking, three
from tests.unit.proxy.test_check import PROCESSES

DUMP = "# configuration file /etc/nginx/nginx.conf:\nhttp {{ {} }}\n"


def treated(stack_of: Callable[..., Any], *upstreams: str) -> dict[str, Treatment]:
    dump = DUMP.format(" ".join(f"upstream u{n} {{ {u} }}" for n, u in enumerate(upstreams)))
    talking = Talking(three(), {("proxy", "nginx"): dump, ("proxy", "sh"): PROCESSES})
    return dict(treatments(stack_of(talking)))


@pytest.mark.parametrize(
    ("options", "seconds"),
    [("", 10), ("fail_timeout=3s", 3), ("max_fails=3", 10), ("max_fails=0", 0), ("down", 0)],
)
def test_it_is_nginxs_default_unless_something_is_said(
    stack_of: Callable[..., Any], options: str, seconds: float
) -> None:
    found = treated(stack_of, f"server app-1 {options}; server app-2;")["app-1"]
    assert found.fail_timeout == seconds
    assert found.passed_over == (seconds + SLACK if seconds else 0)
    assert found.in_turn == (options != "down")


def test_the_longest_of_several_groups_counts(stack_of: Callable[..., Any]) -> None:
    found = treated(
        stack_of,
        "zone a 64k; server 172.20.0.1:80 fail_timeout=1s; server app-2 fail_timeout=1s;",
        "zone b 64k; server app-1 fail_timeout=30s; server app-2:80 backup;",
    )
    assert (found["app-1"].fail_timeout, found["app-2"].fail_timeout) == (30, 10)
    assert "app-3" not in found


def test_the_only_server_of_a_group_is_never_passed_over(stack_of: Callable[..., Any]) -> None:
    assert treated(stack_of, "server app-1;")["app-1"].passed_over == 0


def test_a_spare_and_who_is_chosen_by_who_asks_do_not_come_in_turn(
    stack_of: Callable[..., Any],
) -> None:
    found = treated(stack_of, "server app-1; server app-2 backup;", "ip_hash; server app-3;")
    assert {name: each.in_turn for name, each in found.items()} == {
        "app-1": True,
        "app-2": False,
        "app-3": False,
    }


def test_a_small_weight_comes_late_and_each_worker_counts_for_itself(
    stack_of: Callable[..., Any],
) -> None:
    servers = "server app-1 weight=9; server app-2;"
    assert treated(stack_of, servers)["app-2"].turns == 20, "two workers, ten turns each"
    assert treated(stack_of, f"zone a 64k; {servers}")["app-2"].turns == 10


def test_the_plan_says_how_long_is_waited(stack_of: Callable[..., Any]) -> None:
    servers = " ".join(f"server {name};" for name in APPS)
    dump = DUMP.format(f"upstream web {{ {servers} }}")
    talking = Talking(three(), {("proxy", "nginx"): dump, ("proxy", "sh"): PROCESSES})
    told = told_of_waits(stack_of(talking, pause=2), APPS)
    assert "for 10 s" in told and "11.5 s are waited after each of 3" in told
    assert told_of_waits(stack_of(talking, pause=12), APPS) == ""
