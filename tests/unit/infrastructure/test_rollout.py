"""A rollout starts infrastructure that is down, and replaces only what `--include` names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.engine.facts import Difference, Image
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.images.builds import image_builds
from cosmicdeploy.steps.rollout.planning.order import replaced_together
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from tests.unit.infrastructure.shop import SETTINGS, Open, running_engine

pytestmark = pytest.mark.unit

STEP = RolloutStep(name="rollout")
NEWER = {tag: Image(id="sha256:new") for tag in ("postgres:16", "shop/nginx", "mariadb:10")}


def test_data_and_proxy_are_infrastructure(shop: Open) -> None:
    services = shop(running_engine()).settings.services
    assert services.keeping_data == ("pg",) and services.other == ("mailer",)
    assert services.infrastructure == ("db", "nginx", "pg")
    assert services.deployed == ("app", "mailer")


def test_settings_decide_what_keeps_data(shop: Open) -> None:
    lists = "proxy: nginx, stateful: [mailer], stateless: [pg]"
    services = shop(
        running_engine(), settings=SETTINGS.replace("proxy: nginx", lists)
    ).settings.services
    assert services.keeping_data == ("mailer",) and services.other == ("pg",)


def test_a_changed_database_is_not_replaced(shop: Open) -> None:
    engine = running_engine()
    engine.images |= NEWER
    engine.drift["pg"] = [Difference(key="mem_limit", change="added")]
    ctx = shop(engine)
    assert isinstance(STEP.check(ctx), Unchanged)
    change = STEP.check(ctx.with_run(included=frozenset({"pg", "nginx"})))
    assert isinstance(change, Change)
    assert list(change.before["containers"]) == ["pg", "nginx"]
    assert change.facts["reasons"]["pg"] == "another image runs, mem_limit added"


@pytest.mark.parametrize("state", ["missing", "stopped"])
def test_a_database_without_a_role_that_is_down_is_started(shop: Open, state: str) -> None:
    engine = running_engine(*(["pg"] if state == "missing" else []))
    engine.images |= NEWER
    if state == "stopped":
        down = replace(engine.by_name["shop-pg-1"], status="exited")
        engine.by_name["shop-pg-1"] = down
    change = STEP.check(shop(engine))
    assert isinstance(change, Change)
    expected = "no container" if state == "missing" else "stopped"
    assert change.facts["reasons"] == {"pg": expected}


def test_a_rollout_replaces_what_the_application_needs_first_and_the_proxy_last(
    shop: Open,
) -> None:
    names = [name for unit in replaced_together(shop(running_engine())) for name in unit]
    assert names == ["db", "pg", "app", "mailer", "nginx"]


def test_the_image_of_a_proxy_is_built_once_it_is_included_or_for_its_first_container(
    shop: Open,
) -> None:
    engine = running_engine()
    ctx = shop(engine)
    assert not image_builds(ctx)
    [build] = image_builds(ctx.with_run(included=frozenset({"nginx"})))
    assert build.images == ["shop/nginx"]
    del engine.images["shop/nginx"]
    assert not image_builds(ctx), "the container runs"
    del engine.by_name["shop-nginx-1"]
    assert image_builds(ctx)
