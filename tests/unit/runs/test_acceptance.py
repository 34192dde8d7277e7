"""What interrupted runs have to finish or undo before the present state is accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.cli.reporting import unfinished_reports
from cosmicdeploy.context import Context
from cosmicdeploy.engine.containers.in_place import adopt_container_names
from cosmicdeploy.errors import NeedsPerson, Refused
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.operations import acceptance
from cosmicdeploy.operations.acceptance import acceptable, in_place
from cosmicdeploy.runs import interrupted
from cosmicdeploy.settings import Services
from cosmicdeploy.verification import orphans
from tests.unit.engine.test_in_place import Engine, container
from tests.unit.engine.test_in_place import stack as declared
from tests.unit.runs.test_unfinished import Writer

pytestmark = pytest.mark.unit

GONE: Any = SimpleNamespace(container=lambda _: None, find_marker=lambda _: None)
RESTART = {"services": ["db"], "turns_away": True}
QUIESCE = {"roles": ["app", "worker"]}


@pytest.fixture
def ctx(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    """Of a stack whose clients are turned away, and whose live data has data from before beside."""
    monkeypatch.setattr(acceptance, "is_swap_interrupted", lambda _: False)
    monkeypatch.setattr(acceptance, "is_maintenance_on", lambda _: True)
    monkeypatch.setattr(interrupted, "has_replaced_data", lambda _: True)
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
    [("restart db", "restart-in-place", RESTART), ("playbook run night", "quiesce", QUIESCE)],
)
def test_clients_that_are_turned_away_are_let_in_first(
    ctx: Context, writer: Writer, command: str, kind: str, options: dict[str, Any]
) -> None:
    writer.run("a").intent("build").run("b", command)
    begun(writer, kind, options)
    with pytest.raises(NeedsPerson, match="Clients are still turned away") as raised:
        acceptable(ctx)
    assert f"`cosmicdeploy {command}`" in raised.value.todo


def test_a_run_that_turned_no_client_away_does_not_end_the_maintenance(
    ctx: Context, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.run("a", "restart web")
    begun(writer, "restart-in-place", {"services": ["web"], "turns_away": False})
    writer.run("b", "deploy")
    begun(writer, "quiesce", {"roles": ["worker"]})
    writer.run("c", "restart db")
    begun(writer, "restart-in-place", RESTART, shielded=True)  # they had been turned away before
    assert [run.id for run in acceptable(ctx)] == ["a", "b", "c"]
    begun(writer, "restart-in-place", RESTART)
    monkeypatch.setattr(acceptance, "is_maintenance_on", lambda _: False)
    assert len(acceptable(ctx)) == 3


LOST = b'{"kind": "intent", "run": "r", "at": "2026-03-01T12:00:00+01:00", "step": "restore"}\n'


@pytest.mark.parametrize("line", [LOST, b'{"kind": "in\n'])
def test_data_that_no_record_explains_is_neither_kept_nor_dropped(
    ctx: Context, writer: Writer, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "is_maintenance_on", lambda _: False)
    writer.run("r", "rollback", "b1").intent("build")
    with ctx.journal.path.open("ab") as file:
        file.write(line)
    with pytest.raises(NeedsPerson, match="no record says which run replaced it"):
        acceptable(ctx)


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
    [told] = unfinished_reports(ctx)
    assert told.todo.startswith(forward)
    assert "cannot be undone" in told.todo and "deploy --abort --accept" in told.todo
    writer.end("failed", error="e")
    [told] = unfinished_reports(ctx)
    assert told.todo.startswith("it cannot be undone")


class Aside(Engine):
    """Two services, of each one container that stands aside. Once `at_work`, the lock is held."""

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
    """Accepts an interrupted run on an engine, under the lock."""
    writer.run("a").intent("rollout")
    at_work: list[str] = []

    @contextmanager
    def begin(ctx: Context, *_: object) -> Iterator[tuple[Context, dict[str, Any]]]:
        at_work.append("1")
        yield ctx, {}

    seen: dict[str, Any] = {
        "begin": begin, "wait_for_commands": lambda _: None, "require_whole": lambda _: None,
        "status": lambda _: [], "out_of_service": lambda _: [], "lock_wait_left": lambda _: None,
    }  # fmt: skip
    for name, stands in seen.items():
        monkeypatch.setattr(acceptance, name, stands)
    monkeypatch.setattr(interrupted, "end_tools", lambda _: None)
    monkeypatch.setattr(orphans, "holder_pid", lambda *_: at_work[-1:] or None)

    def opened(engine: Aside) -> Context:
        services = Services(app=("web",), worker=("queue",), database="db")
        settings = SimpleNamespace(services=services, database=SimpleNamespace(name="shop"))
        loaded: Any = SimpleNamespace(settings=settings)
        seam: Any = engine
        stack = adopt_container_names(
            declared(db=None, web=None, queue=None), engine.containers("")
        )
        return replace(ctx, stack=stack, engine=seam, loaded=loaded)

    return opened


@pytest.mark.parametrize(
    ("web", "removed"),
    [
        ("running", ["shop-web-1-before-0123abcd", "shop-queue-1-before-0123abcd"]),
        ("exited", ["shop-queue-1-before-0123abcd"]),
        ("paused", ["shop-queue-1-before-0123abcd"]),
    ],
)
def test_temporary_containers_do_not_prevent_an_acceptance(
    accepting: Callable[..., Context], web: str, removed: list[str]
) -> None:
    """Only what stands still, and has one of its service that runs in its place, is removed."""
    engine = Aside(web)
    ctx = accepting(engine)
    acceptance.accept(ctx, in_place(ctx))
    assert engine.removed == removed
    assert unfinished(ctx.journal) == []


def test_a_container_that_changed_since_it_was_shown_is_not_accepted(
    accepting: Callable[..., Context],
) -> None:
    ctx = accepting(Aside("running"))
    agreed = {**in_place(ctx), "web": ("other", "i")}
    with pytest.raises(Refused, match="have changed") as refused:
        acceptance.accept(ctx, agreed)
    assert refused.value.where == "web"
