"""A candidate that a killed run left running is drained before it is removed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.events import Event
from cosmicdeploy.steps.containers import repair
from cosmicdeploy.steps.containers.repair import resolve_temporary
from tests.unit.proxy.engine import container
from tests.unit.proxy.running import RunningEngine, replicas, running_stack

pytestmark = pytest.mark.unit

CANDIDATE, SUPERSEDED = "app-1-next-0123abcd", "app-1-before-0123abcd"
Resolve = Callable[..., list[object]]


@pytest.fixture
def resolve(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Return a function that resolves a temporary container, and returns what was done to it.

    `can_drain`: whether the proxy can drain it. `after` is an error of the proxy after its removal.
    """

    def run(
        name: str,
        *,
        can_drain: bool = True,
        status: str = "running",
        after: Exception | None = None,
    ) -> list[object]:
        done: list[object] = []

        def drain(_service: str, each: Container) -> bool:
            done.append(("drain", each.id))
            return can_drain

        def stopped(names: list[str]) -> None:
            done.append(("stopped", *names))
            if after is not None:
                raise after

        proxy = SimpleNamespace(drain_beside=drain, superseded_stopped=stopped)
        monkeypatch.setattr(repair, "ProxyControl", lambda *_: proxy)
        monkeypatch.setattr(
            repair, "end", lambda _ctx, _name, each, grace: done.append(("end", each, grace))
        )
        monkeypatch.setattr(repair, "_needed_for_undo", lambda *_: ["app-1"])
        temporary = container(name, "172.20.0.7", id="other", status=status)
        engine = RunningEngine({**replicas(), name: temporary}, lambda _argv: "")
        any_engine: Any = engine
        any_engine.remove = lambda each: done.append(("remove", each))
        resolve_temporary(running_stack(ctx, engine), "app-1", temporary)
        return done

    return run


@pytest.mark.parametrize("name", [CANDIDATE, SUPERSEDED])
@pytest.mark.parametrize(("can_drain", "grace"), [(True, 0.0), (False, None)])
def test_what_may_get_requests_is_drained_or_gets_its_grace_period(
    resolve: Resolve, name: str, can_drain: bool, grace: float | None
) -> None:
    assert resolve(name, can_drain=can_drain) == [
        ("drain", "other"),
        ("end", "other", grace),
        ("remove", "other"),
        ("stopped", "app-1"),
    ]


@pytest.mark.parametrize("status", ["created", "exited"])
def test_what_does_not_run_is_only_removed(resolve: Resolve, status: str) -> None:
    assert resolve(CANDIDATE, status=status) == [("remove", "other")]


def test_an_error_of_the_proxy_after_the_removal_is_only_reported(
    resolve: Resolve, events: list[Event]
) -> None:
    resolve(CANDIDATE, after=ProbeFailed("HAProxy does not answer"))
    assert "may still have the address of app-1-next-0123abcd" in str(events[-1])
