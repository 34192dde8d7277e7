"""A rollback whose data is in place, but of which a record cannot be read, has a way out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.cli.reporting import unfinished_reports
from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import NeedsPerson
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.operations import acceptance
from cosmicdeploy.runs.interrupted import interrupted, undo_interrupted, ways_on
from cosmicdeploy.runs.undo import undo
from cosmicdeploy.settings import Services
from tests.unit.journal.journal_writer import Writer

pytestmark = pytest.mark.unit

ACCEPT = "`cosmicdeploy deploy --abort --accept`"
# The record that would have ended the run: clients are let in.
UNREADABLE = b'{"kind": "done", "run": "a", "step": "resume", "step_kind": "resume"}\n'


@pytest.fixture
def ctx(ctx: Context) -> Context:
    """A stack with an interrupted rollback that had swapped the data."""
    writer = Writer(ctx.journal.path)
    writer.run("a", "rollback", "b1").done("restore")
    with ctx.journal.path.open("ab") as file:
        file.write(UNREADABLE)
    engine: Any = SimpleNamespace(container=lambda _: None, find_marker=lambda _: None)
    stack: Any = SimpleNamespace(project="p", services={})
    settings = SimpleNamespace(database=None, services=Services(app=("app",)))
    loaded: Any = SimpleNamespace(settings=settings)
    return replace(ctx, engine=engine, stack=stack, loaded=loaded)


def turn_clients_away(monkeypatch: pytest.MonkeyPatch, *, is_on: bool) -> None:
    for module in (acceptance, interrupted, undo, ways_on):
        monkeypatch.setattr(module, "is_maintenance_on", lambda _: is_on)


def test_after_clients_were_let_in_every_message_leads_to_acceptance(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deploy names the abort, which cannot undo it; other commands name the abort again."""
    turn_clients_away(monkeypatch, is_on=False)
    monkeypatch.setattr(undo_interrupted, "wait_for_commands", lambda _: None)
    runs = unfinished(ctx.journal)
    with pytest.raises(NeedsPerson, match="some of its changes are unknown") as refused:
        interrupted.require_readable(ctx, runs)
    assert "`cosmicdeploy deploy --abort` undoes" in refused.value.todo
    with pytest.raises(NeedsPerson, match="Clients have been let in") as raised:
        undo_interrupted.undo_runs(ctx, runs)
    first, _, rest = raised.value.todo.partition("; then ")
    assert ACCEPT in first and "`cosmicdeploy rollback --to latest`" in rest
    assert [run.id for run in acceptance.acceptable(ctx)] == ["a"]
    [report] = unfinished_reports(ctx)
    assert ACCEPT in report.todo and "`cosmicdeploy deploy`" not in report.todo


def test_while_clients_are_turned_away_status_names_the_abort_alone(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_clients_away(monkeypatch, is_on=True)
    [report] = unfinished_reports(ctx)
    assert report.todo == "`cosmicdeploy deploy --abort` undoes what is known of it"
