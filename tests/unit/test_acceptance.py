"""What interrupted runs have to finish or undo before what runs is taken as it is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.cli.reporting import unfinished_reports
from cosmicdeploy.context import Context
from cosmicdeploy.errors import NeedsPerson
from cosmicdeploy.operations import acceptance, interruption
from cosmicdeploy.operations.acceptance import acceptable
from tests.unit.test_history import Writer

pytestmark = pytest.mark.unit

GONE: Any = SimpleNamespace(container=lambda _: None, find_claim=lambda _: None)
RESTART = {"services": ["db"], "turns_away": True}
QUIESCE = {"roles": ["app", "worker"]}


@pytest.fixture
def ctx(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    """Of a stack whose clients are turned away, and whose live data has data from before beside."""
    monkeypatch.setattr(acceptance, "is_interrupted", lambda _: False)
    monkeypatch.setattr(acceptance, "is_up", lambda _: True)
    monkeypatch.setattr(interruption, "has_before", lambda _: True)
    monkeypatch.setattr(Context, "database", lambda _: None)
    services = SimpleNamespace(database="db", app=["web"])
    settings = SimpleNamespace(database=SimpleNamespace(name="shop"), services=services)
    loaded: Any = SimpleNamespace(settings=settings)
    stack: Any = SimpleNamespace(project="p", services={})
    return replace(ctx, loaded=loaded, engine=GONE, stack=stack)


@pytest.fixture
def writer(ctx: Context) -> Writer:
    return Writer(ctx.journal.path)


def begun(writer: Writer, kind: str, options: dict[str, Any], *, shielded: bool = False) -> None:
    before = {"containers": {}, "ready": [], "shielded": shielded}
    change = {"options": options, "change": "c", "before": before}
    writer.journal.append("intent", step=kind, step_kind=kind, **change)


@pytest.mark.parametrize(
    ("command", "kind", "options"),
    [("restart db", "bounce", RESTART), ("playbook run night", "quiesce", QUIESCE)],
)
def test_clients_that_are_turned_away_are_let_in_first(
    ctx: Context, writer: Writer, command: str, kind: str, options: dict[str, Any]
) -> None:
    writer.run("a").intent("build").run("b", command)
    begun(writer, kind, options)
    with pytest.raises(NeedsPerson, match="Clients are still turned away") as raised:
        acceptable(ctx)
    assert f"`cosmicdeploy {command}`" in raised.value.todo


def test_who_turned_nobody_away_is_no_reason(
    ctx: Context, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.run("a", "restart web")
    begun(writer, "bounce", {"services": ["web"], "turns_away": False})
    writer.run("b", "deploy")
    begun(writer, "quiesce", {"roles": ["worker"]})
    writer.run("c", "restart db")
    begun(writer, "bounce", RESTART, shielded=True)  # they had been turned away before
    assert [run.id for run in acceptable(ctx)] == ["a", "b", "c"]
    begun(writer, "bounce", RESTART)
    monkeypatch.setattr(acceptance, "is_up", lambda _: False)
    assert len(acceptable(ctx)) == 3


LOST = b'{"kind": "intent", "run": "r", "at": "2026-03-01T12:00:00+01:00", "step": "restore"}\n'


@pytest.mark.parametrize("line", [LOST, b'{"kind": "in\n'])
def test_data_that_no_record_explains_is_neither_kept_nor_dropped(
    ctx: Context, writer: Writer, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "is_up", lambda _: False)
    writer.run("r", "rollback", "b1").intent("build")
    with ctx.journal.path.open("ab") as file:
        file.write(line)
    with pytest.raises(NeedsPerson, match="no record tells which run did that"):
        acceptable(ctx)


@pytest.mark.parametrize(
    ("command", "target", "forward"),
    [
        ("deploy", None, "`cosmicdeploy deploy` finishes it"),
        ("rollback", "b1", "`cosmicdeploy rollback --to b1` finishes it"),
    ],
)
def test_where_the_way_back_is_gone_a_run_that_did_not_fail_may_be_finished(
    ctx: Context, writer: Writer, command: str, target: str | None, forward: str
) -> None:
    writer.run("a", command, target).intent("restart")
    [told] = unfinished_reports(ctx)
    assert told.todo.startswith(forward)
    assert "cannot be undone" in told.todo and "deploy --abort --accept" in told.todo
    writer.end("failed", error="e")
    [told] = unfinished_reports(ctx)
    assert told.todo.startswith("it cannot be undone")
