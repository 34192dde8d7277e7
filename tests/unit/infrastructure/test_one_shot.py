"""Services that a deploy runs to their end, because `services.one_shot` names them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.containers.one_shot import OneShotStep
from tests.unit.infrastructure.shop import SETTINGS, Open, running_engine

pytestmark = pytest.mark.unit

STEP = OneShotStep(name="one-shot")


def named(lists: str) -> str:
    return SETTINGS.replace("proxy: nginx", f"proxy: nginx, {lists}")


def test_a_named_service_runs_to_its_end_and_is_not_waited_for(shop: Open) -> None:
    services = shop(running_engine(), settings=named("one_shot: [mailer]")).settings.services
    assert services.one_shot == ("mailer",)
    assert "mailer" not in services.all


def test_a_named_service_that_seems_to_keep_data_runs_to_its_end(shop: Open) -> None:
    services = shop(running_engine(), settings=named("one_shot: [pg]")).settings.services
    assert services.one_shot == ("pg",) and services.keeping_data == ()


def test_the_step_runs_it_until_it_has_ended_well(shop: Open) -> None:
    engine = running_engine()
    ctx = shop(engine, settings=named("one_shot: [mailer]"))
    change = STEP.check(ctx)
    assert isinstance(change, Change)
    assert change.summary == "run to the end: mailer (it has not ended)"
    ended = replace(engine.by_name["shop-mailer-1"], status="exited", exit_code=0)
    engine.by_name["shop-mailer-1"] = ended
    assert isinstance(STEP.check(ctx), Unchanged)


@pytest.mark.parametrize(
    ("lists", "what"),
    [
        ("one_shot: [app]", "'app' has a role"),
        ("one_shot: [mailer], left_alone: [mailer]", "'mailer' is also in services.left_alone"),
        ("one_shot: [mailer], stateful: [mailer]", "'mailer' is also in services.stateful"),
        ("one_shot: [mailer], stateless: [mailer]", "'mailer' is also in services.stateless"),
    ],
)
def test_a_contradiction_is_refused(shop: Open, lists: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        shop(running_engine(), settings=named(lists))
