"""What a plan says about a rollout."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.settings import Restart, Services
from cosmicdeploy.stack.model import Deploy, RolloutSettings, Service
from cosmicdeploy.steps.rollout.planning.plan_text import declared_paces, grouped_reasons

pytestmark = pytest.mark.unit


def test_each_reason_is_named_once() -> None:
    reasons = {"a": "another image runs", "b": "no container", "c": "another image runs"}
    assert grouped_reasons(reasons) == (
        "replace a, c (another image runs); create b (no container)"
    )
    assert grouped_reasons({"a": "paused", "b": "stopped"}) == (
        "unpause a (paused); start b (stopped)"
    )


@pytest.mark.parametrize(
    ("update", "text"),
    [
        (None, ""),
        (RolloutSettings(parallelism=1), ""),
        (
            RolloutSettings(order="start-first", parallelism=2, delay=10.0, monitor=30.0),
            "web: start-first, 2 at a time, 10 s apart, each watched for 30 s"
            " (update_config, restart)",
        ),
        (
            RolloutSettings(parallelism=0),
            "web: stop-first, all at a time (update_config, restart)",
        ),
    ],
)
def test_the_pace_is_said_where_update_config_decides(
    update: RolloutSettings | None, text: str
) -> None:
    services = {
        f"web.{number}": Service(
            name=f"web.{number}",
            container_name=f"shop-web-{number}",
            image="shop/web",
            deploy=Deploy(update=update),
            replica=number,
        )
        for number in (1, 2)
    }
    settings = SimpleNamespace(
        restart=Restart(),
        services=Services(app=tuple(services)),
        application_of=lambda _: SimpleNamespace(services=tuple(services)),
    )
    ctx: Any = SimpleNamespace(settings=settings, service=services.__getitem__)
    assert declared_paces(ctx, services) == text
