"""What clients notice while a service is replaced is announced, with how long it may last."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.engine.facts import Image
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.rollout.planning.gaps import announced_gaps, at_most, cost_of, gap
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from tests.unit.infrastructure.shop import COMPOSE, SETTINGS, Open, running_engine

STOP_FIRST = SETTINGS + "restart: {order: {app: stop-first}}\n"

pytestmark = pytest.mark.unit


def test_the_only_replica_and_infrastructure_that_clients_need_have_a_gap(shop: Open) -> None:
    ctx = shop(running_engine(), settings=STOP_FIRST)
    gaps = announced_gaps(ctx, ["app", "db", "pg", "mailer", "nginx"])
    assert list(gaps) == ["app", "db", "pg", "nginx"]
    assert "only replica" in gaps["app"] and "no request is served" in gaps["nginx"]
    assert gaps["db"].startswith("the database is away")
    assert "(needed by app), and no backup has its data" in gaps["pg"]


def test_what_no_client_needs_has_none(shop: Open) -> None:
    ctx = shop(running_engine(), COMPOSE.replace("[db, pg]", "[db]"))
    assert not announced_gaps(ctx, ["pg"])
    assert cost_of(ctx, "pg").startswith("it is away between its stop and its start, and no backup")


def test_one_of_several_replicas_has_none(shop: Open) -> None:
    compose = COMPOSE.replace("image: shop/app,", "image: shop/app, scale: 2,")
    ctx = shop(running_engine(), compose)
    assert ctx.settings.services.app == ("app.1", "app.2")
    assert not announced_gaps(ctx, ctx.settings.services.app)


def test_a_replica_that_starts_first_has_none(shop: Open) -> None:
    settings = SETTINGS + "restart: {order: {app: start-first}}\n"
    assert not announced_gaps(shop(running_engine(), settings=settings), ["app"])


def test_the_only_replica_starts_first_if_nothing_prevents_that(shop: Open) -> None:
    engine = running_engine()
    engine.images["shop/app"] = Image(id="sha256:2")
    ctx = shop(engine)
    assert not announced_gaps(ctx, ["app"])
    change = RolloutStep(name="rollout").check(ctx)
    assert isinstance(change, Change)
    assert "app: the new container starts before the old one stops" in change.summary
    port = shop(engine, COMPOSE.replace("image: shop/app,", "image: shop/app, ports: ['8:80'],"))
    assert list(announced_gaps(port, ["app"])) == ["app"]


def test_a_plan_announces_gaps_with_their_longest_duration(shop: Open) -> None:
    engine = running_engine()
    engine.images |= {"shop/app": Image(id="sha256:2"), "shop/nginx": Image(id="sha256:2")}
    ctx = shop(engine, settings=STOP_FIRST).with_run(included=frozenset({"nginx"}))
    step = RolloutStep(name="rollout")
    change = step.check(ctx)
    assert isinstance(change, Change)
    gaps = {each["service"]: each["at_most_seconds"] for each in change.facts["gaps"]}
    assert gaps == {"app": 72, "nginx": 72}  # 10 s to stop, 60 s to be healthy, a pause of 2 s
    assert "app: no client is served between its stop and its start" in change.summary
    assert "(at most 72 s)" in change.summary
    away = step.model_copy(update={"at_once": True}).check(ctx)
    assert isinstance(away, Change) and "gaps" not in away.facts, "clients are turned away"


def test_a_service_that_is_down_has_no_gap(shop: Open) -> None:
    engine = running_engine()
    engine.by_name["shop-app-1"] = replace(engine.by_name["shop-app-1"], status="exited")
    change = RolloutStep(name="rollout").check(shop(engine))
    assert isinstance(change, Change) and "gaps" not in change.facts


def test_a_gap_is_only_of_services_that_have_one(shop: Open) -> None:
    ctx = shop(running_engine())
    with gap(ctx, ["mailer"]), gap(ctx, ["nginx"]):
        assert [each.service for each in ctx.run.gaps.all] == ["nginx"]


def test_the_gap_of_what_replicas_need_lasts_until_they_are_ready_again(shop: Open) -> None:
    ctx = shop(running_engine())
    assert {name: at_most(ctx, name) for name in ("nginx", "db")} == {"nginx": 72, "db": 132}
