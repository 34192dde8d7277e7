"""What does not work when a run begins, and what the verification excuses for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.journal.interrupted_run import InterruptedRun
from cosmicdeploy.journal.known_failures import KnownFailures
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.probes.application.replica import old_replica_problem
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.run_scope import RunScope
from cosmicdeploy.runs import execute, failing_before, locked_run
from cosmicdeploy.settings import load
from cosmicdeploy.signals import Interrupts
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from cosmicdeploy.verification.excused import Excused
from cosmicdeploy.verification.initial_failures import find_initial_failures
from cosmicdeploy.verification.still_failing import still_failing
from tests.unit.runs.test_unfinished import STATE, Writer
from tests.unit.servers import Reply, Served, serving
from tests.unit.verification.test_proven import FOR_A_MOMENT, FOR_LONG, GOOD, SETTINGS

pytestmark = pytest.mark.unit

HEALTHY = Container(
    id="w", name="web", service="web", project="p", image_id="i", status="running",
    started_at="2026-02-02T18:30:00Z",
)  # fmt: skip
WEB = {"web": {"id": "w", "image": "i", "running": True}}
KNOWN = KnownFailures(points={"heartbeat": "500", "monitor": "its command fails"})


class Engine:
    """Has the containers of these services, each under its own name."""

    def __init__(self, **found: Container | None) -> None:
        self.found = found

    def container(self, name: str) -> Container | None:
        return self.found.get(name)

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
    """A replica `web`, a database and a proxy whose answers are these, the last one for ever."""
    path, servers = tmp_path / "cosmicdeploy.yaml", []

    def start(*replies: Reply, web: Container | None = HEALTHY) -> tuple[Context, Served]:
        served = (made := serving(lambda n: replies[min(n, len(replies)) - 1])).__enter__()
        servers.append(made)
        path.write_text(SETTINGS.format(url=served.url))
        port = int(served.url.rpartition(":")[2])
        web = replace(web, published={8000: ("127.0.0.1", port)}) if web else None
        found: Any = Engine(web=web, db=replace(HEALTHY, name="db", service="db"))
        services = {n: SimpleNamespace(container_name=n, image=n) for n in ("web", "db")}
        declared: Any = SimpleNamespace(services=services, project="p")
        loaded = load(path, {"TOKEN": "t"})
        port_there = loaded.settings.app.port
        if web:
            found.found["web"] = replace(web, published={port_there: ("127.0.0.1", port)})
        return replace(ctx, loaded=loaded, engine=found, stack=declared), served

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def writer(ctx: Context) -> Writer:
    return Writer(ctx.journal.path)


def test_an_answer_of_a_rate_limit_is_no_known_failure(stack: Stack) -> None:
    ctx, served = stack(FOR_LONG)
    assert find_initial_failures(ctx) == KnownFailures()
    assert served.requests


def test_a_server_error_is_a_known_failure(stack: Stack) -> None:
    ctx, _ = stack(Reply(500))
    found = find_initial_failures(ctx)
    assert "500" in found.services["web"] and "500" in found.points["heartbeat"]


@pytest.mark.parametrize("point", ["containers", "images", "health", "heartbeat", "schema"])
def test_no_failure_of_replaced_replicas_is_excused(
    ctx: Context, writer: Writer, point: str
) -> None:
    """The new release has to be proven, whatever failed before."""
    ctx = replaced(ctx, writer, "web", KnownFailures(points={point: "500"}))
    assert not Excused.of(ctx).excuses(ctx, failing(point))


def test_services_that_were_not_replaced_may_fail_as_before(ctx: Context, writer: Writer) -> None:
    ctx = replaced(ctx, writer, "worker", KNOWN)
    assert Excused.of(ctx).excuses(ctx, failing("heartbeat"))
    assert Excused.of(ctx).excuses(ctx, failing("monitor"))
    assert not Excused.of(ctx).excuses(ctx, failing("orphans"))


def test_a_failure_is_excused_by_its_points_earlier_name(ctx: Context, writer: Writer) -> None:
    """As a run of an earlier version journalled it."""
    ctx = replaced(ctx, writer, "worker", KnownFailures(points={"strays": "second container"}))
    assert Excused.of(ctx).excuses(ctx, failing("orphans"))
    assert Excused.of(ctx).remark(failing("orphans")) == ", as before this run"


def replaced(ctx: Context, writer: Writer, name: str, known: KnownFailures) -> Context:
    """Return the context of a run that has replaced one service."""
    writer.run("own")
    change = {"change": "replace", "before": {"containers": {name: None}}}
    writer.journal.append("intent", step="r", step_kind="rollout", options={}, **change)
    services = SimpleNamespace(app=["web"], released=["web", "worker"], all=["web", "worker"])
    loaded: Any = SimpleNamespace(settings=SimpleNamespace(services=services))
    return replace(ctx, loaded=loaded, journal=writer.journal).with_run(known_failures=known)


def failing(point: str) -> CheckResult:
    return CheckResult(point=point, ok=False, expected="", found="500")


def test_a_plan_sends_no_heartbeat_and_waits_for_nothing(stack: Stack) -> None:
    starting = replace(HEALTHY, health="starting", healthcheck=("true",))
    ctx, served = stack(FOR_A_MOMENT, web=starting)
    found = find_initial_failures(ctx.with_run(is_plan_only=True))
    assert "starting" in found.services["web"]
    ctx, served = stack(FOR_A_MOMENT)
    assert find_initial_failures(ctx.with_run(is_plan_only=True)) == KnownFailures()
    assert [request.split()[0] for request in served.requests] == ["GET"]


def test_an_abort_checks_nothing(
    ctx: Context, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        failing_before, "find_initial_failures", lambda *_: pytest.fail("it looked")
    )
    assert failing_before.known_failures(ctx, RunKind.ABORT) == KnownFailures()
    state = {**STATE, "known_failures": KNOWN.as_json()}
    facts = {"who": "me", "pid": 1, "release": "2", "target": None, "state": state}
    writer.journal.of_run("a").append("run", command="deploy", **facts)
    writer.journal = writer.journal.of_run("a")
    writer.intent("rollout")
    gone: Any = SimpleNamespace(container=lambda _: None)
    found = failing_before.known_failures(replace(ctx, engine=gone), RunKind.ABORT)
    assert found == KNOWN, "as the first of the runs knew it"


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


@pytest.mark.parametrize(
    ("known", "held"),
    [
        (KnownFailures(services={"web": "timed out"}), True),
        (KnownFailures(points={"heartbeat": "timed out"}), True),
        (KnownFailures(services={"worker": "exited"}), False),
        (KnownFailures(), False),
    ],
)
def test_requests_to_a_release_that_hangs_are_not_judged(known: KnownFailures, held: bool) -> None:
    """No request has failed yet when the plan is ready."""
    services = SimpleNamespace(app=["web"], proxy="nginx")
    ctx: Any = SimpleNamespace(
        run=RunScope(known_failures=known, traffic=TrafficStats()),
        settings=SimpleNamespace(services=services),
    )
    step = SimpleNamespace(replaces_containers=True)
    plan: Any = [SimpleNamespace(changes=True, step=step)]
    execute._excuse_known_failures(ctx, plan)
    assert bool(ctx.run.traffic.failing_before) is held


def test_initial_failures_are_looked_for_with_the_runs_own_context(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that Ctrl-C and a lost lock end the search."""
    met: list[Context] = []

    def known_failures(ctx: Context, _kind: RunKind) -> KnownFailures:
        met.append(ctx)
        raise KeyboardInterrupt

    settings = SimpleNamespace(lock=SimpleNamespace(stale_after=60.0))
    engine: Any = SimpleNamespace(
        claim_marker=lambda *_: SimpleNamespace(id="lock", is_own=True),
        beat=lambda *_: True,
        marker_exists=lambda _: True,
        remove_marker=lambda _: None,
    )
    loaded: Any = SimpleNamespace(settings=settings)
    named: Any = SimpleNamespace(project="p")
    monkeypatch.setattr(locked_run, "known_failures", known_failures)
    monkeypatch.setattr(locked_run, "resolve_containers", lambda ctx, _needed: ctx)
    ours = replace(ctx, loaded=loaded, engine=engine, stack=named)
    deploy = RunCommand(line="deploy", kind=RunKind.DEPLOY)
    with pytest.raises(KeyboardInterrupt), locked_run.begin(ours, deploy, 0.0, []):
        pass
    [seen] = met
    assert seen.interrupts is not ours.interrupts and isinstance(seen.interrupts, Interrupts)
    assert seen.lock is not ours.lock and seen.engine is not ours.engine
    assert seen.journal.run


def test_a_missing_token_of_an_old_release_is_only_named(stack: Stack) -> None:
    ctx, served = stack(Reply(200))
    without = replace(ctx, loaded=load(ctx.loaded.file, {}))
    assert old_replica_problem(without, served.url, "") == ("", "no token in TOKEN")


def test_a_run_that_resumes_another_takes_its_known_failures(ctx: Context) -> None:
    run = InterruptedRun(id="a", command="deploy", state={"known_failures": KNOWN.as_json()})
    later = {"known_failures": {**KNOWN.as_json(), "networks": {"a": "b"}}}
    assert KnownFailures.of_state(run.state) == KnownFailures.of_state(later) == KNOWN


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
def test_only_services_that_still_fail_are_reported_after_undoing(
    stack: Stack, web: Container | None, lines: list[str]
) -> None:
    ctx, _ = stack(GOOD, web=web)
    known = KnownFailures(services={"web": "paused", "renamed-since": "exited"})
    assert still_failing(ctx.with_run(known_failures=known)) == lines
