"""Requests in flight are waited for, or said to be not proven where no table can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.events import Event
from cosmicdeploy.proxy.draining import in_flight
from cosmicdeploy.proxy.draining.unproven import unproven_drains
from tests.unit.proxy.engine import APPS, ScriptedEngine, replicas_and_proxy

pytestmark = pytest.mark.unit

HEADING = "  sl  local_address rem_address   st\n"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collects the waits, none of which takes any time."""
    found: list[float] = []
    monkeypatch.setattr(Context, "sleep", lambda _, seconds: found.append(seconds))
    monkeypatch.setattr(in_flight, "probe_all", lambda *_: None)
    return found


def test_no_open_connection_ends_the_wait(
    stack_of: Callable[..., Any], slept: list[float], events: list[Event]
) -> None:
    engine = ScriptedEngine(replicas_and_proxy(), {("app-1", "cat"): HEADING})
    app = engine.containers["app-1"]
    assert in_flight.wait_until_closed(stack_of(engine), app, 7.5) == frozenset()
    assert (slept, events) == ([], [])


def test_where_no_table_can_be_read_the_wait_is_as_long_as_allowed_and_named(
    stack_of: Callable[..., Any], slept: list[float], events: list[Event]
) -> None:
    engine = ScriptedEngine(replicas_and_proxy())
    app = engine.containers["app-1"]
    assert in_flight.wait_until_closed(stack_of(engine), app, 7.5) == frozenset()
    assert slept == [7.5]
    assert "not proven that the requests in flight to app-1 end" in str(events[-1])


def test_a_drain_that_cannot_be_proven_is_no_failure(
    stack_of: Callable[..., Any], slept: list[float]
) -> None:
    engine = ScriptedEngine(replicas_and_proxy())
    app = engine.containers["app-1"]
    in_flight.wait_until_drained(stack_of(engine), "app-1", app, where="", todo="")
    assert slept == [1.0], "its grace period"


def test_replicas_whose_connections_cannot_be_read_are_named(stack_of: Callable[..., Any]) -> None:
    readable = {(name, "cat"): HEADING for name in ("app-1", "app-3")}
    engine = ScriptedEngine(replicas_and_proxy(), readable)
    [finding] = unproven_drains(stack_of(engine), APPS)
    assert (finding.where, finding.stake) == ("app-2", "requests")
    assert "not proven" in finding.flaw and "`cat`" in finding.correction
    engine.answers["proxy", "cat"] = HEADING
    assert list(unproven_drains(stack_of(engine), APPS)) == []
