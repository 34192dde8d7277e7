"""Accepting the present state: what has to be finished first, and what is cleaned up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.cli.reporting import unfinished_reports
from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.in_place import adopt_container_names
from cosmicdeploy.errors import NeedsPerson, Refused
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.operations import acceptance
from cosmicdeploy.operations.acceptance import acceptable, in_place
from cosmicdeploy.runs.interrupted import interrupted, ways_on
from cosmicdeploy.settings import Services
from cosmicdeploy.verification import orphans
from tests.unit.engine.shop_stack import Engine, container
from tests.unit.engine.shop_stack import stack as declared
from tests.unit.journal.journal_writer import Writer

pytestmark = pytest.mark.unit

ENGINE_WITHOUT_CONTAINERS: Any = SimpleNamespace(
    container=lambda _: None, find_marker=lambda _: None
)
RESTART = {"services": ["db"], "turns_away": True}
QUIESCE = {"roles": ["app", "worker"]}


@pytest.fixture
def ctx(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A stack whose clients are turned away and that still has the data replaced by a swap."""
    monkeypatch.setattr(acceptance, "is_swap_interrupted", lambda _: False)
    monkeypatch.setattr(acceptance, "is_maintenance_on", lambda _: True)
    monkeypatch.setattr(interrupted, "has_replaced_data", lambda _: True)
    monkeypatch.setattr(Context, "database", lambda _: None)
    services = SimpleNamespace(database="db", app=["web"])
    settings = SimpleNamespace(database=SimpleNamespace(name="shop"), services=services)
    loaded: Any = SimpleNamespace(settings=settings)
    stack: Any = SimpleNamespace(project="p", services={})
    return replace(ctx, loaded=loaded, engine=ENGINE_WITHOUT_CONTAINERS, stack=stack)


@pytest.fixture
def writer(ctx: Context) -> Writer:
    return Writer(ctx.journal.path)


def write_intent(
    writer: Writer, kind: str, options: dict[str, Any], *, shielded: bool = False
) -> None:
    before = {"containers": {}, "ready": [], "shielded": shielded}
    change = {"options": options, "change": "c", "before": before}
    writer.journal.append("intent", step=kind, step_kind=kind, **change)


@pytest.mark.parametrize(
    ("command", "kind", "options"),
    [("restart db", "restart-in-place", RESTART), ("playbook run night", "quiesce", QUIESCE)],
)
def test_clients_that_are_turned_away_must_be_let_in_first(
    ctx: Context, writer: Writer, command: str, kind: str, options: dict[str, Any]
) -> None:
    writer.run("a").intent("build").run("b", command)
    write_intent(writer, kind, options)
    with pytest.raises(NeedsPerson, match="Clients are still turned away") as raised:
        acceptable(ctx)
    assert f"`cosmicdeploy {command}`" in raised.value.todo


def test_a_run_that_turned_no_client_away_need_not_end_the_maintenance(
    ctx: Context, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.run("a", "restart web")
    write_intent(writer, "restart-in-place", {"services": ["web"], "turns_away": False})
    writer.run("b", "deploy")
    write_intent(writer, "quiesce", {"roles": ["worker"]})
    writer.run("c", "restart db")
    write_intent(
        writer, "restart-in-place", RESTART, shielded=True
    )  # clients were already turned away
    assert [run.id for run in acceptable(ctx)] == ["a", "b", "c"]
    write_intent(writer, "restart-in-place", RESTART)
    monkeypatch.setattr(acceptance, "is_maintenance_on", lambda _: False)
    assert len(acceptable(ctx)) == 3


MALFORMED_INTENT = (
    b'{"kind": "intent", "run": "r", "at": "2026-03-01T12:00:00+01:00", "step": "restore"}\n'
)


@pytest.mark.parametrize("line", [MALFORMED_INTENT, b'{"kind": "in\n'])
def test_replaced_data_that_no_record_explains_is_named_and_set_aside(
    ctx: Context, writer: Writer, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even while clients are turned away, since the run can be neither finished nor undone."""
    writer.run("r", "rollback", "b1").intent("build")
    with ctx.journal.path.open("ab") as file:
        file.write(line)
    with pytest.raises(NeedsPerson, match="no record says which run replaced it") as raised:
        interrupted.require_no_unknown_data(ctx, unfinished(ctx.journal))
    assert "`cosmicdeploy deploy --abort --accept`" in raised.value.todo
    assert "the schema shop__before: it is kept" in acceptance.kept_data(ctx, acceptable(ctx))
    done: list[str] = []
    monkeypatch.setattr(acceptance, "set_replaced_data_aside", lambda _: "shop__kept_1")
    monkeypatch.setattr(acceptance, "end_maintenance", lambda _: done.append("clients are let in"))
    warned: list[str] = []
    monkeypatch.setattr(Context, "warn", lambda _, text: warned.append(text))
    held: Any = SimpleNamespace(require=lambda: None)
    acceptance._set_aside(replace(ctx, lock=held))
    assert done == ["clients are let in"]
    assert "kept in the schema shop__kept_1" in warned[0]


@pytest.mark.parametrize(
    ("command", "target", "forward"),
    [
        ("deploy", None, "`cosmicdeploy deploy` finishes it"),
        ("rollback", "b1", "`cosmicdeploy rollback --to b1` finishes it"),
    ],
)
def test_a_run_without_a_superseded_container_may_be_finished_unless_it_failed(
    ctx: Context, writer: Writer, command: str, target: str | None, forward: str
) -> None:
    writer.run("a", command, target).intent("rollout")
    [report] = unfinished_reports(ctx)
    assert report.todo.startswith(forward)
    assert "cannot be undone" in report.todo and "deploy --abort --accept" in report.todo
    writer.end("failed", error="e")
    [report] = unfinished_reports(ctx)
    assert report.todo.startswith("it cannot be undone")


class EngineWithSuperseded(Engine):
    """An engine with superseded containers of `web` and `queue`; web-1 has the given status."""

    def __init__(self, web: str) -> None:
        self.removed: list[str] = []
        super().__init__(
            [
                *[container(name, service=name[5:-2]) for name in ("shop-db-1", "shop-queue-1")],
                container("shop-queue-1-before-0123abcd", "exited", service="queue"),
                container("shop-web-1", web, service="web"),
                container("shop-web-1-before-0123abcd", "exited", service="web"),
                container("shop-queue-1-before-4567abcd", service="queue"),
                container("shop-queue-1-before-89ababcd", "exited", service="mailer"),
            ]
        )

    def remove(self, name: str) -> None:
        self.removed.append(name)


@pytest.fixture
def accepting(ctx: Context, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that returns the context of an interrupted run on the given engine."""
    writer.run("a").intent("rollout")
    lock_holders: list[str] = []

    @contextmanager
    def begin(ctx: Context, *_: object) -> Iterator[tuple[Context, dict[str, Any]]]:
        lock_holders.append("1")
        yield ctx, {}

    stand_ins: dict[str, Any] = {
        "begin": begin, "wait_for_commands": lambda _: None, "require_whole": lambda _: None,
        "status": lambda _: [], "out_of_service": lambda _: [], "lock_wait_left": lambda _: None,
    }  # fmt: skip
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(acceptance, name, stand_in)
    monkeypatch.setattr(interrupted, "end_tools", lambda _: None)
    monkeypatch.setattr(orphans, "holder_pid", lambda *_: lock_holders[-1:] or None)

    def context_on(engine: EngineWithSuperseded) -> Context:
        services = Services(app=("web",), worker=("queue",), database="db")
        settings = SimpleNamespace(services=services, database=SimpleNamespace(name="shop"))
        loaded: Any = SimpleNamespace(settings=settings)
        any_engine: Any = engine
        stack = adopt_container_names(
            declared(db=None, web=None, queue=None), engine.containers("")
        )
        return replace(ctx, stack=stack, engine=any_engine, loaded=loaded)

    return context_on


@pytest.mark.parametrize(
    ("web", "removed"),
    [
        ("running", ["shop-web-1-before-0123abcd", "shop-queue-1-before-0123abcd"]),
        ("exited", ["shop-queue-1-before-0123abcd"]),
        ("paused", ["shop-queue-1-before-0123abcd"]),
    ],
)
def test_acceptance_removes_superseded_containers_that_were_replaced(
    accepting: Callable[..., Context], web: str, removed: list[str]
) -> None:
    """They are removed only if they do not run and the container of their service does."""
    engine = EngineWithSuperseded(web)
    ctx = accepting(engine)
    acceptance.accept(ctx, in_place(ctx))
    assert engine.removed == removed
    assert unfinished(ctx.journal) == []


def test_a_container_that_the_operator_was_not_shown_is_not_accepted(
    accepting: Callable[..., Context],
) -> None:
    ctx = accepting(EngineWithSuperseded("running"))
    agreed = {**in_place(ctx), "web": ("other", "i")}
    with pytest.raises(Refused, match="have changed") as refused:
        acceptance.accept(ctx, agreed)
    assert refused.value.where == "web"


GONE = {"id": "gone", "running": True, "ready": False, "name": "shop-old-1"}
# What makes an undo impossible → the step as the journal records it.
WITHOUT_UNDO: dict[str, dict[str, Any]] = {
    "this version cannot read all of its steps": {"step_kind": "teleport"},
    "cannot read all of its steps": {"step_kind": "rollout", "options": {"warp": 9}},
    "no longer declares mailer": {"before": {"containers": {"mailer": None}}},
    "no longer declares printer": {
        "step_kind": "static-files",
        "before": {
            "set_aside": "0123abcd",
            "volumes": {
                "v": {
                    "service": "printer", "target": "/v", "subpath": "", "image": "i",
                    "had_record": False,
                }
            },
        },
    },
    "superseded container is gone (web)": {"before": {"containers": {"web": GONE}}},
    "an orphan is gone (shop-old-1)": {
        "step_kind": "orphans", "before": {"orphans": [GONE]},
    },
}  # fmt: skip


@pytest.mark.parametrize("why", WITHOUT_UNDO)
def test_status_offers_acceptance_of_what_cannot_be_undone_and_it_succeeds(
    accepting: Callable[..., Context], writer: Writer, why: str
) -> None:
    ctx = accepting(EngineWithSuperseded("running"))
    common = {"step": "x", "step_kind": "rollout", "options": {"name": "x"}, "change": "c"}
    record = {"before": {"containers": {}}, **WITHOUT_UNDO[why]}
    writer.run("b").journal.append("intent", **{**common, **record})
    report = unfinished_reports(ctx)[-1]
    assert why in report.todo, report.todo
    assert "accept what runs as the current state: `cosmicdeploy deploy --abort --accept`" in (
        report.todo
    )
    acceptance.accept(ctx, in_place(ctx))
    assert unfinished_reports(ctx) == []


def test_status_offers_acceptance_after_an_undo_that_has_failed(
    ctx: Context, writer: Writer
) -> None:
    writer.run("a").done("build").end("failed", error="x").end("ended", whole=False)
    [report] = unfinished_reports(ctx)
    assert report.todo == (
        "`cosmicdeploy deploy --abort` tries the failed undo again; if it fails again, accept what"
        " runs as the current state: `cosmicdeploy deploy --abort --accept`"
    )


def test_status_offers_both_ways_on_from_half_done_migrations(ctx: Context, writer: Writer) -> None:
    """Acceptance is none of them: it does not take a half-done migration."""
    writer.run("a").done("backup", backup="b1").intent("migrate")
    writer.end("failed", error="x").end("ended", whole=False)
    [report] = unfinished_reports(ctx)
    assert "`cosmicdeploy rollback --to b1` restores its backup" in report.todo
    assert "`cosmicdeploy migrate --resolve` continues from the present schema" in report.todo
    assert "--accept" not in report.todo


def test_status_offers_no_acceptance_while_data_is_swapped(
    ctx: Context, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways_on, "is_maintenance_on", lambda _: True)
    writer.run("a", "rollback", "b1").intent("restore").intent("rollout")
    [report] = unfinished_reports(ctx)
    assert report.todo == (
        "`cosmicdeploy rollback --to b1` resumes it, `cosmicdeploy deploy --abort` undoes it"
    )
    with pytest.raises(NeedsPerson, match="while data was being swapped"):
        acceptable(ctx)


def test_swapped_data_that_clients_use_is_accepted(
    ctx: Context, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (ways_on, acceptance, interrupted):
        monkeypatch.setattr(module, "is_maintenance_on", lambda _: False)
    writer.run("a", "rollback", "b1").intent("restore")
    [report] = unfinished_reports(ctx)
    assert report.todo.startswith("clients have been let in since")
    assert [run.id for run in acceptable(ctx)] == ["a"]
    command = RunCommand(line="up", kind=RunKind.UP)
    assert list(interrupted.decide(ctx, command).undone) == []
