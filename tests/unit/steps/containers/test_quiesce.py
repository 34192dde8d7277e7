"""The undo of `quiesce` lets clients in again, whatever becomes of the services that it starts."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError, EngineUnavailable, LockLost, NeedsPerson
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers.maintenance import quiesce
from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from tests.unit.engine.shop_stack import stack

pytestmark = pytest.mark.unit

REFUSED = EngineError("the port is in use")


def undone(
    ctx: Context,
    monkeypatch: pytest.MonkeyPatch,
    refused: Exception | None,
    *,
    stopped: tuple[str, ...] = ("queue", "web"),
) -> tuple[list[str], Exception | None]:
    """Undo a step that stopped services, of which `queue` does not start if `refused` is given."""
    done: list[str] = []

    def start(_ctx: Context, name: str, _id: str, *, hooks_may_fail: bool) -> None:
        assert hooks_may_fail, "the commands of the compose file may be newer than the container"
        if name == "queue" and refused:
            raise refused
        done.append(f"start {name}")

    monkeypatch.setattr(quiesce, "start_container", start)
    monkeypatch.setattr(quiesce, "wait_ready", lambda _ctx, _id, name: done.append(f"wait {name}"))
    monkeypatch.setattr(quiesce, "end_maintenance", lambda _: done.append("let clients in"))
    monkeypatch.setattr(Context, "container", lambda _, name: SimpleNamespace(id=name))
    ctx = replace(ctx, stack=stack(web=None, queue=None))
    before: dict[str, Any] = {"containers": {n: n for n in stopped}, "ready": ["web"]}
    change = Change(summary="stop", before={**before, "shielded": False})
    try:
        QuiesceStep(name="quiesce").undo(ctx, change)
    except Exception as error:
        return done, error
    return done, None


def test_a_service_that_does_not_start_keeps_no_client_out(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert undone(ctx, monkeypatch, REFUSED) == (
        ["start web", "wait web", "let clients in"],
        REFUSED,
    )


def test_a_service_that_is_no_longer_declared_keeps_no_client_out(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, error = undone(ctx, monkeypatch, None, stopped=("former", "web"))
    assert done == ["start web", "wait web", "let clients in"]
    assert isinstance(error, NeedsPerson)


@pytest.mark.parametrize("error", [LockLost("taken over"), EngineUnavailable("no answer")])
def test_without_the_lock_or_the_engine_the_undo_ends_at_once(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    assert undone(ctx, monkeypatch, error) == ([], error)
