"""Health checks that prove nothing are named, with what else would show a broken release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.engine.facts import Image
from cosmicdeploy.operations.doctor.checks.requests import health_checks as module
from cosmicdeploy.operations.doctor.checks.requests.health_checks import health_checks
from cosmicdeploy.operations.doctor.outcome import Outcome, Verdict
from cosmicdeploy.probes.preconditions import absent_path
from cosmicdeploy.traffic.response import Response
from tests.unit.operations.doctor.world import COMPOSE, SETTINGS, World, opened, run

pytestmark = pytest.mark.unit
IMAGES = {name: Image(id="sha256:1") for name in ("shop/app", "mariadb", "nginx:1.22")}
OK, MISSING = Response(url="", status=200, body="fine"), Response(url="", status=404)
Check = Callable[..., Outcome]


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Return a function that runs the check on a stack that runs, and answers like this."""

    def check(
        health: Response = OK,
        other: Response = MISSING,
        images: dict[str, Image] = IMAGES,
        **files: str,
    ) -> Outcome:
        world = World(images=dict(images))
        run(world, "app-1", tmp_path)
        monkeypatch.setattr(module, "send_request", lambda url: replace(health, url=url))
        monkeypatch.setattr(absent_path, "send_request", lambda url: replace(other, url=url))
        return health_checks(opened(tmp_path, world, **files))

    return check


def with_check(service: str, test: str) -> str:
    """Return the compose file with another health check of a service."""
    if service == "worker":
        return COMPOSE.replace("command: [work]", f"command: [work], healthcheck: {{test: {test}}}")
    if service == "db":
        return COMPOSE.replace("image: mariadb", f"image: mariadb, healthcheck: {{test: {test}}}")
    declared = '["CMD", "curl", "--fail", "http://127.0.0.1:8000/health"]'
    return COMPOSE.replace(declared, test)


def test_health_checks_that_can_fail_hold(checked: Check) -> None:
    outcome = checked()
    assert outcome.verdict is Verdict.HOLDS
    assert "app-1: /health answers 200, an unknown path is answered differently" in outcome.found


@pytest.mark.parametrize(
    ("service", "stake"), [("worker", "proof"), ("app-1", "note"), ("db", "note")]
)
def test_a_check_that_proves_nothing_fails_where_nothing_else_proves_it(
    checked: Check, service: str, stake: str
) -> None:
    outcome = checked(compose=with_check(service, '"pgrep app || exit 0"'))
    flaws = {each.why.partition(":")[0]: each for each in outcome.flaws}
    assert flaws[service].stake == stake
    assert "ends with `exit 0`" in flaws[service].why


def test_replicas_without_requests_and_without_a_check_lose_requests(checked: Check) -> None:
    settings = SETTINGS.replace("{port: 8000,", "{protocol: other, port: 8000,")
    outcome = checked(compose=with_check("app-1", '["NONE"]'), cosmicdeploy=settings)
    [flaw] = [each for each in outcome.flaws if each.fails]
    assert flaw.stake == "requests" and "as soon as it runs" in flaw.why


@pytest.mark.parametrize(
    ("keys", "stake"),
    [
        ("protocol: other", "requests"),
        ("protocol: fastcgi", "requests"),
        ("protocol: fastcgi, script: /srv/index.php", "note"),
    ],
)
def test_replicas_whose_own_check_alone_shows_that_they_are_ready_need_a_good_one(
    checked: Check, keys: str, stake: str
) -> None:
    settings = SETTINGS.replace("{port: 8000,", f"{{{keys}, port: 8000,")
    unmounted = with_check("app-1", '"pgrep app"').partition("    volumes:")[0]
    outcome = checked(compose=unmounted, cosmicdeploy=settings)
    [flaw] = [each for each in outcome.flaws if each.why.startswith("app-1")]
    assert flaw.stake == stake


def test_the_health_check_of_an_image_is_looked_at(checked: Check) -> None:
    weak = {**IMAGES, "shop/app": Image(id="sha256:1", healthcheck=("true",))}
    assert any("`true` asks" in each.why for each in checked(images=weak).flaws)


def test_an_image_that_is_not_here_leaves_its_check_open(checked: Check) -> None:
    outcome = checked(images={})
    assert [each.why.partition(":")[0] for each in outcome.unchecked] == ["worker"]


def test_a_health_path_that_is_answered_like_any_other_proves_nothing(checked: Check) -> None:
    [flaw] = checked(other=OK).flaws
    assert flaw.stake == "proof" and "app.health_path" in flaw.todo
    assert not checked(other=replace(OK, body="<html>")).flaws, "a page for all other paths"
    empty = replace(OK, body="")
    assert checked(health=empty, other=empty).verdict is Verdict.WARNS, "it may still fail"


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_a_health_path_that_answers_no_200_would_undo_the_deploy(
    checked: Check, status: int
) -> None:
    [flaw] = checked(health=Response(url="", status=status)).flaws
    assert flaw.stake == "deploy" and str(status) in flaw.why


def test_a_health_path_that_cannot_be_asked_is_named(checked: Check, tmp_path: Path) -> None:
    silent = checked(health=Response(url="", error="connection refused"))
    assert silent.verdict is Verdict.NOT_CHECKED
    stopped = health_checks(opened(tmp_path, World(images=dict(IMAGES))))
    assert [each.why for each in stopped.unchecked] == [
        "app-1: /health is not requested, since no replica runs"
    ]
