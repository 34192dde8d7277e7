"""A Traefik in front of three replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.admin import http
from cosmicdeploy.proxy.draining import drained_traffic
from cosmicdeploy.proxy.traefik import noticing, traffic
from cosmicdeploy.traffic.response import Response
from tests.unit.proxy.running import running_stack
from tests.unit.proxy.traefik.fake import FakeTraefik


@pytest.fixture
def stack_behind(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeTraefik], Any]:
    """Return a function that returns the context of the stack behind a Traefik."""
    monkeypatch.setattr(traffic, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(noticing, "AT_LEAST", 0.3)
    monkeypatch.setattr(noticing, "AT_MOST", 0.3)
    monkeypatch.setattr(traffic, "SLACK", 0.0)
    monkeypatch.setattr(traffic.Traefik, "throttle", 0.0)
    monkeypatch.setattr(drained_traffic, "FINISHING_SECONDS", 0.1)
    monkeypatch.setattr(http, "send_request", lambda url: Response(url=url, error="no route"))
    return lambda traefik: running_stack(ctx, traefik.engine)
