"""What the proxy itself counts as failed during a rollout."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError, LockLost
from cosmicdeploy.events import Event
from cosmicdeploy.steps.rollout.replacement import proxy_counts
from cosmicdeploy.steps.rollout.replacement.proxy_counts import counted_failures

pytestmark = pytest.mark.unit


def counting(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
    left: Iterator[Any] = iter(answers)

    def failures() -> Any:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    balancer = SimpleNamespace(name="HAProxy", failures=failures)
    monkeypatch.setattr(proxy_counts, "load_balancer", lambda _: balancer)


def count(ctx: Context) -> dict[str, int]:
    with counted_failures(ctx) as counts:
        pass
    return counts


def test_only_failures_during_the_rollout_count(
    ctx: Context, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    counting(monkeypatch, {"retries": 7, "5xx": 2}, {"retries": 9, "5xx": 2})
    assert count(ctx) == {"retries": 2, "5xx": 0}
    assert "HAProxy counted: retries 2" in str(events[-1])


@pytest.mark.parametrize(
    "answers", [({},), (EngineError("x"),), ({"a": 5}, {"a": 1}), ({"a": 1}, EngineError("x"))]
)
def test_nothing_is_said_if_the_counts_are_unknown(
    ctx: Context, events: list[Event], monkeypatch: pytest.MonkeyPatch, answers: Any
) -> None:
    counting(monkeypatch, *answers)
    assert (count(ctx), events) == ({}, [])


def test_a_lost_lock_ends_the_rollout(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    counting(monkeypatch, {"a": 1}, LockLost("x", where="y", todo="z"))
    with pytest.raises(LockLost):
        count(ctx)
