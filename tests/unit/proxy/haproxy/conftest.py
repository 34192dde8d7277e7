"""A HAProxy in front of three replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.haproxy import traffic
from tests.unit.proxy.haproxy.fake import FakeHAProxy, FakeServer
from tests.unit.proxy.running import RunningEngine, replicas, running_stack

CONFIGURATION = """\
global
    stats socket /run/haproxy.sock mode 600 level admin
defaults
    timeout connect 500ms
    default-server check inter 500ms fall 1 rise 1
resolvers docker
    nameserver dns 127.0.0.11:53
    hold valid 1s
backend app
    server app-1 app-1:80 resolvers docker
    server app-2 app-2:80 resolvers docker
    server app-3 app-3:80 resolvers docker
"""


def named() -> list[FakeServer]:
    """Return the servers of `CONFIGURATION`."""
    return [FakeServer("app", f"app-{n}", f"172.20.0.{n}", f"app-{n}") for n in (1, 2, 3)]


class World:
    """A context, its engine, and its HAProxy."""

    def __init__(self, ctx: Any, engine: RunningEngine, haproxy: FakeHAProxy) -> None:
        self.ctx, self.engine, self.haproxy = ctx, engine, haproxy

    def server(self, name: str) -> FakeServer:
        return next(each for each in self.haproxy.servers if each.name == name)


@pytest.fixture
def world(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Return a function that returns a world with these servers and this configuration."""
    monkeypatch.setattr(traffic, "NOTICED_WITHIN", 0.4)
    monkeypatch.setattr(traffic, "FINISHING_SECONDS", 0.2)

    def make(servers: list[FakeServer] | None = None, text: str = CONFIGURATION) -> World:
        haproxy = FakeHAProxy(named() if servers is None else servers)
        engine = RunningEngine(replicas(), haproxy.answer, {"/etc/haproxy/haproxy.cfg": text})
        engine.arguments = ("haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg")
        return World(running_stack(ctx, engine), engine, haproxy)

    return make
