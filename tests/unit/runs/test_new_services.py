"""Services that a run creates, since they are new in the compose file."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.files.shipped import playbooks
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.playbook import load_playbook
from cosmicdeploy.runs.new_services import new_services
from cosmicdeploy.settings import Services
from cosmicdeploy.stack.model import Dependency
from cosmicdeploy.steps.containers.services import ServicesStep
from cosmicdeploy.steps.health import HealthStep
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from tests.unit.engine.shop_stack import Engine, container, stack

pytestmark = pytest.mark.unit

NAMES = ("web", "db", "cache", "mailer", "search")
ROLES = Services(app=("web",), database="db", cache="cache").with_other(["mailer", "search"], ())
DEPLOY = load_playbook(playbooks() / "deploy.yaml").steps
HEALTH = HealthStep(name="health")


def context(ctx: Context, *running: str, status: str = "running") -> Context:
    declared = stack(**dict.fromkeys(NAMES))
    web = replace(declared.services["web"], depends_on={"search": Dependency()})
    declared = replace(declared, services={**declared.services, "web": web})
    found = [container(f"shop-{name}-1", status, service=name) for name in running]
    settings = SimpleNamespace(
        services=ROLES, database=object(), verify=SimpleNamespace(heartbeat=None)
    )
    loaded: Any = SimpleNamespace(settings=settings)
    engine: Any = Engine(found)
    return replace(ctx, stack=declared, engine=engine, loaded=loaded)


@pytest.mark.parametrize(
    ("running", "new"),
    [
        (NAMES, set()),
        (("web", "db", "cache", "search"), {"mailer"}),
        (("db", "cache", "mailer", "search"), {"web"}),
        (("web", "mailer", "search"), {"db", "cache"}),
        ((), set()),
    ],
)
def test_what_has_no_container_is_new_unless_nothing_has_one(
    ctx: Context, running: tuple[str, ...], new: set[str]
) -> None:
    assert new_services(context(ctx, *running), DEPLOY) == new


def test_a_playbook_that_does_not_create_a_service_does_not_make_it_new(ctx: Context) -> None:
    opened = context(ctx, "web")
    assert new_services(opened, [RolloutStep(name="rollout")]) == {"mailer", "search"}
    assert new_services(opened, [HEALTH]) == set()
    assert new_services(opened, [RolloutStep(name="rollout", roles=("other",))]) == {
        "mailer",
        "search",
    }


def test_a_container_that_was_never_started_is_new_but_a_stopped_one_is_not(ctx: Context) -> None:
    opened = context(ctx, *NAMES, status="created")
    engine: Any = opened.engine
    engine.start("shop-web-1")
    engine.stop("shop-db-1", 0)
    step = ServicesStep(name="services", new_only=True, roles=("database", "cache"))
    assert new_services(opened, [step]) == {"cache"}
    assert step._down(opened, step.creates(opened)) == ["cache"]


def test_the_services_that_the_application_depends_on_are_created_before_it(ctx: Context) -> None:
    step = ServicesStep(name="dependencies", roles=("other",), new_only=True)
    assert step.creates(context(ctx)) == ["search"]


def test_new_services_are_not_required_to_be_healthy_yet(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosmicdeploy.steps.health._require_one_scheduler", lambda _ctx: None)
    opened = context(ctx, "web", "mailer")
    known = KnownFailures(new=("cache", "db", "search"))
    reason = HEALTH.check(opened.with_run(known_failures=known)).reason  # type: ignore[union-attr]
    assert reason.startswith("2 containers healthy, cache, db, search created by this run")
    assert "the database is new" in reason and "the cache is new" in reason
    with pytest.raises(EngineError, match="does not exist"):
        HEALTH.check(opened)


def test_new_services_are_read_back_from_the_journal() -> None:
    known = KnownFailures(services={"web": "exited"}).with_new(["mailer"]).with_new(["cache"])
    assert KnownFailures.of_state({"known_failures": known.as_json()}) == known
    assert known.new == ("cache", "mailer") and known.description() == "web (exited)"
    assert not KnownFailures(new=("cache",)), "a new service is no failure"
