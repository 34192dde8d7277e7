"""The search for what does not work when a run begins, and its report after an undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.probes.application.replica import old_replica_problem
from cosmicdeploy.process.signals import Interrupts
from cosmicdeploy.runs import failing_before, locked_run
from cosmicdeploy.settings import load
from cosmicdeploy.verification.initial_failures import find_initial_failures
from cosmicdeploy.verification.still_failing import still_failing
from tests.unit.journal.journal_writer import STATE, Writer
from tests.unit.servers import Reply, Served, serving
from tests.unit.verification.test_proven import (
    GOOD,
    LIMITED_FOR_A_MOMENT,
    LIMITED_FOR_LONG,
    SETTINGS,
)

pytestmark = pytest.mark.unit

HEALTHY = Container(
    id="w", name="web", service="web", project="p", image_id="i", status="running",
    started_at="2026-02-02T18:30:00Z",
)  # fmt: skip
WEB = {"web": {"id": "w", "image": "i", "running": True}}
KNOWN = KnownFailures(points={"heartbeat": "500", "monitor": "its command fails"})


class Engine:
    """An engine that has the given containers, by name."""

    def __init__(self, **by_name: Container | None) -> None:
        self.by_name = by_name

    def container(self, name: str) -> Container | None:
        return self.by_name.get(name)

    def containers(self, _project: str, *_: object) -> list[Container]:
        return []

    def image(self, _reference: str) -> None:
        return None

    find_marker = image

    def oneoffs(self, *_: object) -> list[Container]:
        return []


Stack = Callable[..., tuple[Context, Served]]


@pytest.fixture
def stack(ctx: Context, tmp_path: Path) -> Iterator[Stack]:
    """Return a function that starts a stack: a replica `web`, a database and scripted replies.

    The last reply is repeated.
    """
    path, servers = tmp_path / "cosmicdeploy.yaml", ExitStack()

    def start(*replies: Reply, web: Container | None = HEALTHY) -> tuple[Context, Served]:
        served = servers.enter_context(serving(lambda n: replies[min(n, len(replies)) - 1]))
        path.write_text(SETTINGS.format(url=served.url))
        port = int(served.url.rpartition(":")[2])
        engine: Any = Engine(web=web, db=replace(HEALTHY, name="db", service="db"))
        services = {
            n: SimpleNamespace(name=n, compose_name=n, container_name=n, image=n, build=None)
            for n in ("web", "db")
        }
        any_stack: Any = SimpleNamespace(services=services, project="p")
        loaded = load(path, {"TOKEN": "t"})
        app_port = loaded.settings.app.port
        if web:
            engine.by_name["web"] = replace(web, published={app_port: ("127.0.0.1", port)})
        return replace(ctx, loaded=loaded, engine=engine, stack=any_stack), served

    with servers:
        yield start


@pytest.fixture
def writer(ctx: Context) -> Writer:
    return Writer(ctx.journal.path)


def test_a_429_is_no_known_failure(stack: Stack) -> None:
    ctx, served = stack(LIMITED_FOR_LONG)
    assert find_initial_failures(ctx) == KnownFailures()
    assert served.requests


def test_a_server_error_is_a_known_failure(stack: Stack) -> None:
    ctx, _ = stack(Reply(500))
    found = find_initial_failures(ctx)
    assert "500" in found.services["web"] and "500" in found.points["heartbeat"]


def test_a_service_that_the_run_creates_is_new_and_has_not_failed(stack: Stack) -> None:
    ctx, _ = stack(Reply(500), web=None)
    assert find_initial_failures(ctx, created=["web"]).services == {}
    assert find_initial_failures(ctx, created=["web"]).new == ("web",)
    engine: Any = ctx.engine
    engine.by_name["db"] = None
    found = find_initial_failures(ctx, created=["db"])
    assert (found.services, found.new) == ({"web": "no container"}, ("db",)), "only db is new"
    assert find_initial_failures(ctx) == KnownFailures(), "without a database nothing is known"


def test_a_plan_sends_no_heartbeat_and_does_not_wait(stack: Stack) -> None:
    starting = replace(HEALTHY, health="starting", healthcheck=("true",))
    ctx, served = stack(LIMITED_FOR_A_MOMENT, web=starting)
    found = find_initial_failures(ctx.with_run(is_plan_only=True))
    assert "starting" in found.services["web"]
    ctx, served = stack(LIMITED_FOR_A_MOMENT)
    assert find_initial_failures(ctx.with_run(is_plan_only=True)) == KnownFailures()
    assert [request.split()[0] for request in served.requests] == ["GET"]


def test_an_abort_takes_the_known_failures_of_the_runs(
    ctx: Context, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        failing_before,
        "find_initial_failures",
        lambda *_: pytest.fail("initial failures were searched for"),
    )
    assert failing_before.known_failures(ctx, RunKind.ABORT) == KnownFailures()
    state = {**STATE, "known_failures": KNOWN.as_json()}
    facts = {"who": "me", "pid": 1, "release": "2", "target": None, "state": state}
    writer.journal.of_run("a").append("run", command="deploy", **facts)
    writer.journal = writer.journal.of_run("a")
    writer.intent("rollout")
    empty_engine: Any = SimpleNamespace(container=lambda _: None)
    found = failing_before.known_failures(replace(ctx, engine=empty_engine), RunKind.ABORT)
    assert found == KNOWN, "those of the first interrupted run"


RESTARTED = {"web": {**WEB["web"], "ready": True, "started_at": "x"}}


@pytest.mark.parametrize(
    ("command", "kind", "before"),
    [
        ("restart web", "restart-in-place", {"containers": RESTARTED, "shielded": False}),
        ("up", "rollout", {"containers": WEB}),
        ("playbook run p", "quiesce", {"containers": {"web": "w"}, "ready": [], "shielded": False}),
    ],
)
def test_a_service_that_a_killed_run_stopped_counts_as_working(
    stack: Stack, writer: Writer, command: str, kind: str, before: dict[str, Any]
) -> None:
    ctx, _ = stack(Reply(502), web=replace(HEALTHY, status="exited"))
    assert failing_before.known_failures(ctx, RunKind.DEPLOY).services["web"].startswith("exited")
    writer.run("killed", command)
    change = {"options": {}, "change": "c", "before": before}
    writer.journal.append("intent", step=kind, step_kind=kind, **change)
    assert failing_before.known_failures(ctx, RunKind.DEPLOY) == KnownFailures()


def test_a_service_that_was_stopped_before_a_killed_run_is_a_known_failure(
    stack: Stack, writer: Writer
) -> None:
    ctx, _ = stack(Reply(502), web=replace(HEALTHY, status="exited"))
    writer.run("killed", "restart web")
    stopped = {"web": {**RESTARTED["web"], "running": False, "ready": False}}
    change = {"options": {}, "change": "c", "before": {"containers": stopped, "shielded": False}}
    writer.journal.append("intent", step="b", step_kind="restart-in-place", **change)
    assert "web" in failing_before.known_failures(ctx, RunKind.DEPLOY).services


def test_initial_failures_are_searched_for_with_the_runs_own_context(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With that context, Ctrl-C and a lost lock end the search."""
    contexts: list[Context] = []

    def known_failures(ctx: Context, _kind: RunKind, _created: object) -> KnownFailures:
        contexts.append(ctx)
        raise KeyboardInterrupt

    settings = SimpleNamespace(lock=SimpleNamespace(stale_after=60.0))
    engine: Any = SimpleNamespace(
        claim_marker=lambda *_: SimpleNamespace(id="lock", is_own=True),
        beat=lambda *_: True,
        marker_exists=lambda _: True,
        remove_marker=lambda _: None,
    )
    loaded: Any = SimpleNamespace(settings=settings)
    any_stack: Any = SimpleNamespace(project="p")
    monkeypatch.setattr(locked_run, "known_failures", known_failures)
    monkeypatch.setattr(locked_run, "resolve_containers", lambda ctx, _needed: ctx)
    outer_ctx = replace(ctx, loaded=loaded, engine=engine, stack=any_stack)
    deploy = RunCommand(line="deploy", kind=RunKind.DEPLOY)
    with pytest.raises(KeyboardInterrupt), locked_run.begin(outer_ctx, deploy, 0.0, []):
        pass
    [used] = contexts
    assert used.interrupts is not outer_ctx.interrupts and isinstance(used.interrupts, Interrupts)
    assert used.lock is not outer_ctx.lock and used.engine is not outer_ctx.engine
    assert used.journal.run


def test_a_missing_token_is_no_problem_of_an_old_replica(stack: Stack) -> None:
    ctx, served = stack(Reply(200))
    without = replace(ctx, loaded=load(ctx.loaded.file, {}))
    web = without.settings.main_application
    assert old_replica_problem(without, web, served.url, "") == ("", "no token in TOKEN")


@pytest.mark.parametrize(
    ("web", "lines"),
    [
        (HEALTHY, []),
        (replace(HEALTHY, status="paused"), ["web still does not work: paused"]),
        (None, ["web still does not work: no container (before the run: paused)"]),
        (
            replace(HEALTHY, health="starting"),
            ["web still does not work: not healthy yet (before the run: paused)"],
        ),
    ],
)
def test_after_an_undo_only_services_that_still_fail_are_reported(
    stack: Stack, web: Container | None, lines: list[str]
) -> None:
    ctx, _ = stack(GOOD, web=web)
    known = KnownFailures(services={"web": "paused", "renamed-since": "exited"})
    assert still_failing(ctx.with_run(known_failures=known)) == lines


def test_a_service_whose_container_the_undo_removed_again_is_named(stack: Stack) -> None:
    ctx, _ = stack(GOOD, web=None)
    known = KnownFailures().with_new(["web"])
    assert still_failing(ctx.with_run(known_failures=known)) == ["web still has no container"]
