"""Between nginx and the replicas, with nginx as docs/proxy.md says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.probes.http import Response, ask
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.proxy import (
    drain,
    drainable,
    ignores_stop_signal,
    is_reached,
    out_of_service,
    put_in_service,
    reload_if_stale,
)
from cosmicdeploy.proxy.check import proxy as proxy_point
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.nginx.server import find_nginx, processes, read_configuration
from cosmicdeploy.proxy.nginx.upstreams import groups
from cosmicdeploy.proxy.probe_requests import unreached
from tests.stack.stacks.small_stack import SmallStack, small_stack, write_groups
from tests.stack.support.harness import StackUnderTest
from tests.stack.support.steady import steady

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallStack]:
    """Three replicas at fixed addresses."""
    with small_stack(tmp_path_factory.mktemp("fixed"), 3) as stack:
        yield stack


@contextmanager
def slow_requests(ctx: Context, count: int = 6) -> Iterator[list[Future[Response]]]:
    """So many requests that take two seconds, spread over the replicas, are in flight."""
    url = proxy_url(ctx) + "/slow"
    with ThreadPoolExecutor(count) as pool:
        yield [pool.submit(ask, url, json={}) for _ in range(count) if not time.sleep(0.05)]


def test_a_replica_that_ignores_its_stop_signal_loses_nothing(fixed: SmallStack) -> None:
    ctx = fixed.write()
    assert ignores_stop_signal(ctx, "app-1")
    assert not ignores_stop_signal(ctx, "proxy")
    assert drainable(ctx) == set(fixed.apps)
    with steady(proxy_url(ctx)) as counted:
        with slow_requests(ctx) as answers:
            seconds = drain(ctx, "app-1")
            assert out_of_service(ctx) == ["app-1"]
            fixed.up("app-1")
            put_in_service(ctx, "app-1")
        assert unreached(ctx, ["app-1"], 2) == []
    assert counted.failures == []
    assert counted.sent > 100
    assert [answer.result().status for answer in answers] == [200] * 6
    assert {answer.result().body for answer in answers} == set(fixed.apps)
    assert out_of_service(ctx) == []
    # No longer than what is kept idle (2 s) after what was in flight (2 s): not the whole grace.
    assert seconds < ctx.service("app-1").stop_grace_period


def test_what_this_host_shows_of_a_container_is_what_is_seen_within(fixed: SmallStack) -> None:
    ctx = fixed.write()
    for name in (*fixed.apps, "proxy"):
        here = ctx.running(name)
        within = replace(here, pid=0)
        assert proc.root(here), "the engine is this host's own"
        assert set(processes(ctx, here)) < set(processes(ctx, within))  # a command is one more
        for file, words in (("1/status", 4), ("net/tcp", 12)):
            told = [proc.read(ctx, each, file).text.split()[:words] for each in (here, within)]
            assert told[0] == told[1] != []


def test_without_being_taken_out_it_loses_what_it_had(fixed: SmallStack) -> None:
    ctx = fixed.write()
    with slow_requests(ctx) as answers:
        ctx.engine.stop(ctx.running("app-2").id, 0)  # at once, while they are in flight
        fixed.up("app-2")
    assert {answer.result().status for answer in answers} == {200, 502}


def test_the_documented_configuration_lacks_nothing(fixed: SmallStack) -> None:
    result = proxy_point(fixed.write())
    assert (result.ok, result.warnings) == (True, ())


def test_a_replica_that_is_out_gets_nothing(fixed: SmallStack) -> None:
    ctx = fixed.write()
    drain(ctx, "app-3")
    try:
        url = proxy_url(ctx) + "/"
        assert {ask(url).body for _ in range(12)} == {"app-1", "app-2"}
        with pytest.raises(ConfigError, match="app-3 is out of service already"):
            drain(ctx, "app-2")
    finally:
        put_in_service(ctx, "app-3")
    assert {ask(url).body for _ in range(12)} == set(fixed.apps)


def test_each_group_finds_out_for_itself_who_is_away(fixed: SmallStack) -> None:
    ctx = fixed.write()
    ctx.engine.stop(ctx.running("app-3").id, 0)
    with steady(proxy_url(ctx)) as counted:
        drain(ctx, "app-2")
        time.sleep(1.5)  # longer than a group passes over who failed it
        put_in_service(ctx, "app-2")
        assert unreached(ctx, ["app-2"], 2) == []
    fixed.up("app-3")
    assert counted.failures == []


@pytest.fixture(scope="module")
def named(fixed: SmallStack) -> SmallStack:
    """The same replicas, by their names."""
    fixed.by_name = True
    fixed.up("proxy")
    return fixed


def serving(ctx: Context) -> set[int]:
    proxy = find_nginx(ctx)
    assert proxy is not None
    return {worker.pid for worker in proxy.workers}


def test_nginx_is_reloaded_where_a_replica_moved(named: SmallStack) -> None:
    named.addresses["app-1"] = str(named.subnet[21])
    ctx = named.up("app-1")
    before = serving(ctx)
    assert reload_if_stale(ctx) is True
    assert is_reached(ctx, "app-1")
    assert not before & serving(ctx)
    assert reload_if_stale(ctx) is False


def test_nginx_is_not_reloaded_where_it_finds_all(named: SmallStack) -> None:
    ctx = named.up("app-2")
    before = serving(ctx)
    assert reload_if_stale(ctx) is False
    assert serving(ctx) == before


def test_nginx_is_not_reloaded_into_what_it_could_not_start_with(named: SmallStack) -> None:
    ctx = named.write()
    before = serving(ctx)
    ctx.engine.stop(ctx.running("app-3").id, 0)
    try:
        with pytest.raises(ConfigError, match="would not start") as raised:
            reload_if_stale(ctx)
        assert "host not found" in " ".join(raised.value.details)
        assert not proxy_point(ctx).ok
        assert serving(ctx) == before
    finally:
        named.up("app-3")


def test_nine_replicas_are_as_good_as_three(fixed: SmallStack) -> None:
    addresses = {f"app-{n}": str(fixed.subnet[30 + n]) for n in range(1, 10)}
    ctx = fixed.write()
    proxy = find_nginx(ctx)
    assert proxy is not None
    write_groups(fixed.folder / "nginx", addresses)
    found = {group.name: group for group in groups(read_configuration(ctx, proxy))}
    assert {server.host for server in found["app"].servers} == set(addresses.values())
    for name, address in addresses.items():
        others = {server.host for server in found[f"app_without_{name}"].servers}
        assert others == set(addresses.values()) - {address}


def test_the_shipped_stack_lacks_nothing(stack: StackUnderTest) -> None:
    ctx = stack.open()
    result = proxy_point(ctx)
    assert (result.ok, result.warnings) == (True, ())
    assert drainable(ctx) == set(ctx.settings.services.app)
    assert not any(ignores_stop_signal(ctx, name) for name in ctx.settings.services.app)
    with stack.beats() as measured:
        drain(ctx, "cosmic-app-2")
        put_in_service(ctx, "cosmic-app-2")
        assert unreached(ctx, ["cosmic-app-2"], 2) == []
    assert measured.failures == []
