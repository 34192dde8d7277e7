"""Drained replicas get requests again before a restart is undone, and before a repair."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.steps import recover
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers.restart import restart
from cosmicdeploy.steps.containers.restart.restart import RestartStep
from cosmicdeploy.steps.recover import RecoverStep
from tests.unit.journal.journal_writer import Writer

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("turns_away", "first"), [(False, ["restore_drained", "bring_up"]), (True, ["bring_up"])]
)
def test_a_restart_is_undone_while_drained_replicas_serve(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, turns_away: bool, first: list[str]
) -> None:
    done: list[str] = []
    for name in ("restore_drained", "bring_up", "put_all_in_service"):
        monkeypatch.setattr(restart, name, lambda *_, name=name: done.append(name))
    roles = SimpleNamespace(released=["app-1"], proxy="haproxy")
    loaded: Any = SimpleNamespace(settings=SimpleNamespace(services=roles))
    stack: Any = SimpleNamespace(services={})
    step = RestartStep(name="restart", services=("app-1",), turns_away=turns_away)
    change = Change(summary="", before={"containers": {}, "shielded": True})
    step.undo(replace(ctx, loaded=loaded, stack=stack), change)
    assert done == [*first, "put_all_in_service"]


# What the step `recover` looks for, and what there is of it after a kill while app-2 is drained.
LEFT: dict[str, Any] = {
    "unneeded_temporary": [("app-1", SimpleNamespace(name="app-1-next-0123abcd"))],
    "services_to_repair": ["app-1"],
    "_drained": [],
    "interrupted_restarts": [],
    "_has_lock_wait_left": False,
    "_is_swap_interrupted": False,
    "_has_replaced_data_left": False,
}
CHANGES = (
    *("start_support", "restore_drained", "wait_for_one_shots"),
    *("resolve_temporary", "repair"),
)


@pytest.mark.parametrize("is_interrupted", [True, False])
def test_a_repair_begins_once_drained_replicas_serve(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, is_interrupted: bool
) -> None:
    """Without an interrupted run, an operator has drained the replica."""
    done: list[str] = []
    for name, left in LEFT.items():
        monkeypatch.setattr(recover, name, lambda _, left=left: left)
    for name in CHANGES:
        monkeypatch.setattr(recover, name, lambda *_, name=name: done.append(name))
    for name in ("wait_for_commands", "clean_up"):
        monkeypatch.setattr(recover, name, lambda _: None)
    if is_interrupted:
        Writer(ctx.journal.path).run("a").intent("rollout")
    RecoverStep(name="recover").apply(ctx, Change(summary=""))
    assert done == [each for each in CHANGES if is_interrupted or each != "restore_drained"]
