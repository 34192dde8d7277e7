"""Undoing a rollout: a container that cannot be put back does not stop the others."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError, EngineUnavailable, LockLost, NeedsPerson
from cosmicdeploy.runs.undo import undo as undo_module
from cosmicdeploy.runs.undo.undo import Applied, undo_all
from cosmicdeploy.steps.base import Change, Step
from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from cosmicdeploy.steps.containers.restart import restart
from cosmicdeploy.steps.containers.restart.restart import RestartStep
from cosmicdeploy.steps.containers.services import ServicesStep
from cosmicdeploy.steps.rollout import rollout
from cosmicdeploy.steps.rollout.replacement import undo
from cosmicdeploy.steps.rollout.replacement.undo import RolloutUndo
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from tests.unit.engine.shop_stack import container, stack

BEFORE = {"id": "1", "image": "i", "running": True}


class Proxy:
    """Stands for `ProxyControl`; putting a replica in service raises `refuses`, if set."""

    refuses: Exception | None = None

    def __init__(self, *_given: Any) -> None:
        pass

    def adopt(self) -> None:
        raise EngineError("the proxy does not run")

    def restore_drained(self) -> None:
        if self.refuses:
            raise self.refuses

    def put_in_service(self, names: list[str], *, moved: bool) -> None:
        if self.refuses:
            raise self.refuses

    def put_all_in_service(self) -> None:
        if self.refuses:
            raise self.refuses

    def hand_back(self, _name: str, _former_id: str) -> None:
        pass


@pytest.fixture
def rollout_undo(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> tuple[RolloutUndo, list[str]]:
    """Return the undo, and the list of services that it puts back; those in `ERRORS` fail."""
    put_back_names: list[str] = []

    def put_back(_ctx: Context, name: str, _before: object) -> bool:
        if name in ERRORS:
            raise ERRORS[name]
        put_back_names.append(name)
        return True

    monkeypatch.setattr(undo, "put_back", put_back)
    monkeypatch.setattr(undo, "undo_gap", lambda *_: nullcontext())
    monkeypatch.setattr(undo, "require_answers", lambda *_: lambda: None)
    monkeypatch.setattr(undo, "ProxyControl", Proxy)
    return RolloutUndo(ctx, at_once=False), put_back_names


ERRORS: dict[str, Exception] = {
    "bad": NeedsPerson("the superseded container is gone"),
    "lost": LockLost("another run took over"),
    "silent": EngineUnavailable("no answer"),
}


def test_an_error_is_raised_after_the_other_services_were_put_back(
    rollout_undo: tuple[RolloutUndo, list[str]],
) -> None:
    undo_rollout, put_back_names = rollout_undo
    for name in ("third", "bad", "first"):
        undo_rollout.undo(name, BEFORE)
    assert put_back_names == ["third", "first"]
    with pytest.raises(NeedsPerson, match="is gone"):
        undo_rollout.end()


def test_only_services_that_are_put_back_are_noted(
    ctx: Context,
    rollout_undo: tuple[RolloutUndo, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undo_rollout, _ = rollout_undo
    for name in ("first", "bad"):
        undo_rollout.undo(name, BEFORE)
    monkeypatch.setattr(undo, "put_back", lambda *_: False)
    undo_rollout.undo("untouched", BEFORE)
    assert [(each.service, each.phase) for each in ctx.run.notes.phases] == [
        ("first", "undo"),
        ("bad", "undo"),
    ]


def test_an_error_of_the_proxy_does_not_stop_the_undo(
    rollout_undo: tuple[RolloutUndo, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    undo_rollout, put_back_names = rollout_undo
    monkeypatch.setattr(Proxy, "refuses", EngineError("nginx would not start"))
    undo_rollout.undo("second", BEFORE)
    undo_rollout.undo("first", BEFORE)
    undo_rollout.end()
    assert put_back_names == ["second", "first"]


@pytest.mark.parametrize("name", ["lost", "silent"])
def test_a_proxy_without_the_lock_or_the_engine_ends_the_undo_at_once(
    rollout_undo: tuple[RolloutUndo, list[str]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    undo_rollout, _ = rollout_undo
    monkeypatch.setattr(Proxy, "refuses", ERRORS[name])
    with pytest.raises((LockLost, EngineUnavailable)):
        undo_rollout.undo("first", BEFORE)
    with pytest.raises((LockLost, EngineUnavailable)):
        undo_rollout.end()


@pytest.mark.parametrize("name", ["lost", "silent"])
def test_without_the_lock_or_the_engine_the_undo_ends_at_once(
    rollout_undo: tuple[RolloutUndo, list[str]], name: str
) -> None:
    undo_rollout, _ = rollout_undo
    with pytest.raises((LockLost, EngineUnavailable)):
        undo_rollout.undo(name, BEFORE)


@pytest.mark.parametrize("name", ["lost", "silent"])
def test_the_undo_does_not_begin_without_the_lock_or_the_engine(
    rollout_undo: tuple[RolloutUndo, list[str]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(Proxy, "refuses", ERRORS[name])
    with pytest.raises((LockLost, EngineUnavailable)):
        rollout_undo[0].begin()


def test_while_clients_are_turned_away_no_drained_replica_is_waited_for(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "ProxyControl", Proxy)
    monkeypatch.setattr(Proxy, "refuses", AssertionError("waits for the proxy"))
    RolloutUndo(ctx, at_once=True).begin()


def test_drained_replicas_are_let_in_after_the_proxy_and_before_any_replica(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the undo of app-1 takes the only replica away that gets requests."""
    done: list[str] = []
    recorded = SimpleNamespace(
        begin=lambda: done.append("drained replicas"),
        undo=lambda name, _before: done.append(name),
        end=lambda: None,
        errors=nullcontext(),
    )
    monkeypatch.setattr(rollout, "RolloutUndo", lambda *_, **__: recorded)
    monkeypatch.setattr(rollout, "start_again", lambda *_: None)
    roles = SimpleNamespace(app=["app-1", "app-2"], proxy="nginx")
    loaded: Any = SimpleNamespace(settings=SimpleNamespace(services=roles))
    before = {"containers": dict.fromkeys(["app-1", "app-2", "cron", "nginx"], BEFORE)}
    change = Change(summary="", before=before)
    RolloutStep(name="rollout").undo(replace(ctx, loaded=loaded), change)
    assert done == ["nginx", "drained replicas", "app-2", "app-1", "cron"]


def test_an_undeclared_service_is_reported_and_the_others_are_put_back(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = stack(web=None, cache=None)
    removed: list[str] = []
    existing = {
        name: container(name, "exited", name[5:-2]) for name in ("shop-web-1", "shop-cache-1")
    }
    engine: Any = SimpleNamespace(
        containers=lambda *_: [], container=existing.get, remove=removed.append
    )
    monkeypatch.setattr(undo, "end", lambda *_: None)
    monkeypatch.setattr(undo, "ProxyControl", Proxy)
    monkeypatch.setattr(undo_module, "is_maintenance_on", lambda _: True)
    roles = SimpleNamespace(app=["web"], released=["web"], proxy=None)
    loaded: Any = SimpleNamespace(settings=SimpleNamespace(services=roles))
    monkeypatch.setattr(restart, "put_all_in_service", lambda _: None)
    monkeypatch.setattr(restart, "restore_drained", lambda _: None)
    ctx = replace(ctx, stack=declared, engine=engine, loaded=loaded)
    stopped = {"containers": {"gone": "1"}, "ready": [], "shielded": False}
    restarted = {"containers": {"gone": BEFORE | {"ready": True}}, "shielded": False}
    steps: list[tuple[Step, dict[str, Any]]] = [
        (RestartStep(name="restart", services=("gone",)), restarted),
        (ServicesStep(name="services"), {"containers": {"cache": None, "gone": None}}),
        (QuiesceStep(name="quiesce", roles=("worker",)), stopped),
        (RolloutStep(name="rollout"), {"containers": {"web": None, "gone": BEFORE}}),
    ]
    applied = [
        Applied(step=step, change=Change(summary="", before=before), run="r1")
        for step, before in steps
    ]
    result = undo_all(ctx, applied)
    assert removed == ["shop-web-1", "shop-cache-1"]
    assert isinstance(result.error, NeedsPerson) and not result.undone
    assert "'gone'" in result.error.what and "compose file" in result.error.todo
    assert result.error.details == ("recorded by the step rollout of the run r1",)
    RolloutStep(name="rollout").settle(ctx, applied[-1].change)
