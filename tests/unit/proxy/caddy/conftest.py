"""A Caddy in front of three replicas, and a clock that only counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.caddy import traffic
from cosmicdeploy.proxy.draining import drained_traffic
from tests.unit.proxy.caddy.fake import FakeCaddy
from tests.unit.proxy.engine import stack


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collects the waits, none of which takes any time."""
    found: list[float] = []
    monkeypatch.setattr(Context, "sleep", lambda _, seconds: found.append(seconds))
    monkeypatch.setattr(traffic, "FAILS_WITHIN", 0.2)
    monkeypatch.setattr(drained_traffic, "FINISHING_SECONDS", 0.1)
    return found


@pytest.fixture
def stack_behind(ctx: Context, slept: list[float]) -> Callable[..., Any]:
    """Return a function that returns the context of the stack behind a Caddy."""

    def open_stack(caddy: FakeCaddy, *, out: str | None = None, drain_file: str = "") -> Any:
        engine: Any = caddy.engine
        found = stack(lambda **fields: replace(ctx, **fields), engine, out=out)
        if drain_file:
            own = found.settings.proxy.model_copy(update={"drain_file": drain_file})
            object.__setattr__(found.settings, "proxy", own)
        return found

    return open_stack
