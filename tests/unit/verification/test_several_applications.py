"""A stack of several applications: each is checked at its own port and path, and to its clients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import running_releases
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.operations.notices import notices
from cosmicdeploy.probes.proof.fronts import find_fronts
from cosmicdeploy.probes.reach import NotReached, reach
from cosmicdeploy.settings import load
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.verification.excused import Excused
from cosmicdeploy.verification.initial_failures import problem_of
from cosmicdeploy.verification.points import run_check
from tests.unit.journal.journal_writer import Writer
from tests.unit.servers import Reply
from tests.unit.verification.several import COMPOSE, PATHS, good, several

pytestmark = pytest.mark.unit

ALL_GOOD = {name: good("2") for name in PATHS}
TO_CLIENTS = {path: good("2") for path in PATHS.values()}


def test_each_application_is_asked_at_its_own_port_and_path(ctx: Context, tmp_path: Path) -> None:
    with several(ctx, tmp_path, ALL_GOOD, TO_CLIENTS) as stack:
        result = run_check(stack.ctx, "health")
        assert result.ok and result.warnings == (), result
        assert result.found == "200 on all, release 2"
        assert result.expected == "200 on 6 addresses, release 2"
        for name, path in PATHS.items():
            assert stack.servers[name].requests == [f"GET {path}"]
            assert f"GET {path}" in stack.servers["front"].requests


def test_the_failing_application_is_named(ctx: Context, tmp_path: Path) -> None:
    replies = {**ALL_GOOD, "web": good("3"), "admin": Reply(500)}
    with several(ctx, tmp_path, replies, {**TO_CLIENTS, "/admin/ready": Reply(502)}) as stack:
        result = run_check(stack.ctx, "health")
        assert not result.ok and result.failing == ("web", "admin")
        assert "web: 200, but release 3" in result.found
        assert "load balancer for admin: " in result.found and "502" in result.found
        assert problem_of(stack.ctx, "api") == ""
        assert "500" in problem_of(stack.ctx, "admin")


def test_a_health_path_that_clients_do_not_reach_is_said_and_not_probed(
    ctx: Context, tmp_path: Path
) -> None:
    front = {path: TO_CLIENTS[path] for path in ("/api/health", "/")}
    with several(ctx, tmp_path, ALL_GOOD, front) as stack:
        result = run_check(stack.ctx, "health")
        assert result.ok
        [warning] = result.warnings
        assert warning.startswith("admin as its clients see it: ") and "answers 404" in warning
        assert list(find_fronts(stack.ctx).applications) == ["api", "web"]
        known = stack.ctx
        known.engine.containers_of_folder = lambda *_, **__: []  # type: ignore[method-assign]
        found = {each.kind: each for each in notices(known)}
        assert found["not probed"].service == "admin"
        assert "applications.admin.reached_at" in found["not probed"].todo


NOT_REQUESTED = """\
services: {{app: [api, web, admin, more], proxy: nginx}}
app: {{port: 9000, health_path: /api/health}}
applications:
  web: {{port: 3000, health_path: /}}
  admin: {{services: [admin, more], protocol: other, health_path: /admin/ready}}
probe: {{url: "{url}"}}
"""


@pytest.mark.parametrize(
    ("first", "second", "evidence"),
    [
        ({"health": "unhealthy"}, {"health": "healthy"}, "more is healthy"),
        ({"status": "exited"}, {}, "more is running"),
        ({"health": "healthy"}, {}, "admin is healthy"),
        ({"health": "unhealthy"}, {"health": "starting"}, ""),
    ],
)
def test_any_ready_replica_shows_that_clients_use_another_address(
    ctx: Context,
    tmp_path: Path,
    first: dict[str, Any],
    second: dict[str, Any],
    evidence: str,
) -> None:
    """The replicas speak another protocol, so only their health checks say that they work."""
    front = {path: TO_CLIENTS[path] for path in ("/api/health", "/")}
    with several(ctx, tmp_path, ALL_GOOD, front) as stack:
        settings = tmp_path / "other.yaml"
        settings.write_text(NOT_REQUESTED.format(url=stack.servers["front"].url))
        (tmp_path / "compose.yml").write_text(f"{COMPOSE}  more: {{image: admin}}\n")
        declared = read_stack(
            tmp_path / "compose.yml", env_file=tmp_path / ".env", environ={}, project="shop"
        )
        admin = stack.ctx.engine.container("shop-admin-1")
        assert admin is not None
        replicas = {
            "shop-admin-1": replace(admin, **first),
            "shop-more-1": replace(admin, name="shop-more-1", **second),
        }
        engine: Any = SimpleNamespace(container=replicas.get)
        own = replace(stack.ctx, loaded=load(settings, {}), stack=declared, engine=engine)
        front_of_admin = reach(own, own.settings.all_applications[2])
        found = front_of_admin.why if isinstance(front_of_admin, NotReached) else ""
        assert found.partition(" answers 404, but ")[2] == evidence


def test_a_path_that_was_declared_must_answer(ctx: Context, tmp_path: Path) -> None:
    front = {"/api/health": good("2"), "/": good("2"), "/backstage": Reply(404)}
    with several(ctx, tmp_path, ALL_GOOD, front, ", reached_at: /backstage") as stack:
        assert "load balancer for admin" in run_check(stack.ctx, "health").found
    with several(ctx, tmp_path, ALL_GOOD, front, ", reached_at: false") as stack:
        result = run_check(stack.ctx, "health")
        assert result.ok and "reached_at is false" in result.warnings[0]


def test_an_application_whose_release_is_broken_is_probed_all_the_same(
    ctx: Context, tmp_path: Path
) -> None:
    replies = {**ALL_GOOD, "admin": Reply(500)}
    front = {path: TO_CLIENTS[path] for path in ("/api/health", "/")}
    with several(ctx, tmp_path, replies, front) as stack:
        assert list(find_fronts(stack.ctx).applications) == ["api", "web", "admin"]


def test_each_application_has_its_own_release(ctx: Context, tmp_path: Path) -> None:
    with several(ctx, tmp_path, ALL_GOOD, TO_CLIENTS) as stack:
        assert running_releases(stack.ctx) == dict.fromkeys(PATHS, "2")


@pytest.mark.parametrize(
    ("replaced", "point", "excused"),
    [
        ("web", "health", True),  # only admin fails, as before
        ("admin", "health", False),
        ("web", "heartbeat", True),  # heartbeats are those of api
        ("api", "heartbeat", False),
    ],
)
def test_an_application_that_the_run_did_not_touch_may_fail_as_before(
    ctx: Context, tmp_path: Path, replaced: str, point: str, excused: bool
) -> None:
    known = KnownFailures(services={"admin": "500"}, points={"heartbeat": "500"})
    writer = Writer(ctx.journal.path)
    writer.run("own")
    change = {"change": "replace", "before": {"containers": {replaced: None}}}
    writer.journal.append("intent", step="r", step_kind="rollout", options={}, **change)
    replies = {**ALL_GOOD, "admin": Reply(500)}
    with several(ctx, tmp_path, replies, {**TO_CLIENTS, "/admin/ready": Reply(502)}) as stack:
        own = replace(stack.ctx, journal=writer.journal).with_run(known_failures=known)
        result: Any = run_check(own, "health").model_copy(update={"point": point})
        if point == "heartbeat":
            result = result.model_copy(update={"failing": ()})
        assert Excused.of(own).excuses(own, result) is excused
