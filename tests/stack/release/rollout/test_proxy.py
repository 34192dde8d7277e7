"""nginx and the replicas, with the configuration of docs/nginx.md."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.probes.http import Response, send_request
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.proxy import ignores_stop_signal, out_of_service, put_in_service
from cosmicdeploy.proxy.check import proxy as proxy_point
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.kernel.connections import is_reached
from cosmicdeploy.proxy.kernel.processes import processes
from cosmicdeploy.proxy.nginx.server import find_nginx, read_configuration
from cosmicdeploy.proxy.nginx.traffic.drain import drain, drainable
from cosmicdeploy.proxy.nginx.traffic.stale_names import reload_if_stale
from cosmicdeploy.proxy.nginx.upstreams import groups
from cosmicdeploy.proxy.probe_requests import unreached
from tests.stack.stacks.behind_nginx.small_stack import SmallStack, small_stack, write_groups
from tests.stack.support.harness import StackUnderTest
from tests.stack.support.network.steady import steady

pytestmark = pytest.mark.stack


def is_deaf(ctx: Context, name: str) -> bool:
    return ignores_stop_signal(ctx, ctx.service(name), ctx.running(name))


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallStack]:
    """Run three replicas at fixed addresses."""
    with small_stack(tmp_path_factory.mktemp("fixed"), 3) as stack:
        yield stack


@contextmanager
def slow_requests(ctx: Context, count: int = 6) -> Iterator[list[Future[Response]]]:
    """Send requests that take two seconds each to all replicas; yield while they run."""
    url = proxy_url(ctx) + "/slow"
    with ThreadPoolExecutor(count) as pool:
        yield [
            pool.submit(send_request, url, json={}) for _ in range(count) if not time.sleep(0.05)
        ]


def test_a_replica_that_ignores_its_stop_signal_loses_nothing(fixed: SmallStack) -> None:
    ctx = fixed.write()
    assert is_deaf(ctx, "app-1")
    assert not is_deaf(ctx, "proxy")
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
    # At most the requests in flight (2 s) and then idle connections (2 s), not the whole grace.
    assert seconds < ctx.service("app-1").stop_grace_period


def test_the_host_shows_the_same_of_a_container_as_a_command_in_it(fixed: SmallStack) -> None:
    ctx = fixed.write()
    for name in (*fixed.apps, "proxy"):
        here = ctx.running(name)
        within = replace(here, pid=0)
        assert proc.root(here), "the engine does not run on this host"
        assert set(processes(ctx, here)) < set(processes(ctx, within))  # the command is one more
        for file, words in (("1/status", 4), ("net/tcp", 12)):
            texts = [proc.read(ctx, each, file).text.split()[:words] for each in (here, within)]
            assert texts[0] == texts[1] != []


def test_a_replica_stopped_without_drain_loses_its_requests(fixed: SmallStack) -> None:
    ctx = fixed.write()
    with slow_requests(ctx) as answers:
        ctx.engine.stop(ctx.running("app-2").id, 0)  # at once, while they are in flight
        fixed.up("app-2")
    assert {answer.result().status for answer in answers} == {200, 502}


def test_the_documented_configuration_is_complete(fixed: SmallStack) -> None:
    result = proxy_point(fixed.write())
    assert (result.ok, result.warnings) == (True, ())


def test_a_drained_replica_gets_no_requests(fixed: SmallStack) -> None:
    ctx = fixed.write()
    drain(ctx, "app-3")
    try:
        url = proxy_url(ctx) + "/"
        assert {send_request(url).body for _ in range(12)} == {"app-1", "app-2"}
        with pytest.raises(ConfigError, match="app-3 is out of service already"):
            drain(ctx, "app-2")
    finally:
        put_in_service(ctx, "app-3")
    assert {send_request(url).body for _ in range(12)} == set(fixed.apps)


def test_each_group_detects_a_missing_replica(fixed: SmallStack) -> None:
    ctx = fixed.write()
    ctx.engine.stop(ctx.running("app-3").id, 0)
    with steady(proxy_url(ctx)) as counted:
        drain(ctx, "app-2")
        time.sleep(1.5)  # longer than a group skips a failed replica
        put_in_service(ctx, "app-2")
        assert unreached(ctx, ["app-2"], 2) == []
    fixed.up("app-3")
    assert counted.failures == []


@pytest.fixture(scope="module")
def named(fixed: SmallStack) -> SmallStack:
    """Switch nginx to the names of the replicas."""
    fixed.by_name = True
    fixed.up("proxy")
    return fixed


def worker_pids(ctx: Context) -> set[int]:
    proxy = find_nginx(ctx)
    assert proxy is not None
    return {worker.pid for worker in proxy.workers}


def test_nginx_is_reloaded_after_a_replica_moved(named: SmallStack) -> None:
    named.addresses["app-1"] = str(named.subnet[21])
    ctx = named.up("app-1")
    before = worker_pids(ctx)
    assert reload_if_stale(ctx) is True
    assert is_reached(ctx, ctx.running("app-1"))
    assert not before & worker_pids(ctx)
    assert reload_if_stale(ctx) is False


def test_nginx_is_not_reloaded_if_no_replica_moved(named: SmallStack) -> None:
    ctx = named.up("app-2")
    before = worker_pids(ctx)
    assert reload_if_stale(ctx) is False
    assert worker_pids(ctx) == before


def test_nginx_is_not_reloaded_with_a_configuration_that_fails(named: SmallStack) -> None:
    ctx = named.write()
    before = worker_pids(ctx)
    ctx.engine.stop(ctx.running("app-3").id, 0)
    try:
        with pytest.raises(ConfigError, match="would not start") as raised:
            reload_if_stale(ctx)
        assert "host not found" in " ".join(raised.value.details)
        assert not proxy_point(ctx).ok
        assert worker_pids(ctx) == before
    finally:
        named.up("app-3")


def test_the_documented_script_works_for_nine_replicas(fixed: SmallStack) -> None:
    addresses = {f"app-{n}": str(fixed.subnet[30 + n]) for n in range(1, 10)}
    ctx = fixed.write()
    proxy = find_nginx(ctx)
    assert proxy is not None
    write_groups(fixed.folder / "nginx", addresses)
    by_name = {group.name: group for group in groups(read_configuration(ctx, proxy))}
    assert {server.host for server in by_name["app"].servers} == set(addresses.values())
    for name, address in addresses.items():
        others = {server.host for server in by_name[f"app_without_{name}"].servers}
        assert others == set(addresses.values()) - {address}


def test_the_shipped_configuration_is_complete(stack: StackUnderTest) -> None:
    ctx = stack.open()
    result = proxy_point(ctx)
    assert (result.ok, result.warnings) == (True, ())
    assert drainable(ctx) == set(ctx.settings.services.app)
    assert not any(is_deaf(ctx, name) for name in ctx.settings.services.app)
    with stack.beats() as measured:
        drain(ctx, "cosmic-app-2")
        put_in_service(ctx, "cosmic-app-2")
        assert unreached(ctx, ["cosmic-app-2"], 2) == []
    assert measured.failures == []
