"""Why a container is not as declared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.steps.rollout.drift import drift_of
from tests.unit.engine.shop_stack import container, stack
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("made_for", "reason"),
    [("db", None), ("", None), ("mysql", "created for the service mysql")],
)
def test_a_container_that_was_made_for_a_renamed_service_has_drifted(
    made_for: str, reason: str | None
) -> None:
    """Else Compose, which goes by the label, would create a second one with the same name."""
    declared = stack(db="shop-data")
    ctx: Any = SimpleNamespace(
        stack=declared,
        run=RunScope(),
        settings=settings_of({"app": ["db"]}),
        service=declared.services.__getitem__,
        container=lambda _name: container("shop-data", service=made_for),
        image_of=lambda _name: Image(id="i"),
        engine=SimpleNamespace(differences=lambda *_: []),
    )
    assert drift_of(ctx, "db").reason == reason


@pytest.mark.parametrize(("status", "reason"), [("paused", "paused"), ("exited", "stopped")])
def test_a_container_that_only_has_to_run_again_says_why(status: str, reason: str) -> None:
    declared = stack(db="shop-data")
    ctx: Any = SimpleNamespace(
        stack=declared,
        run=RunScope(),
        settings=settings_of({"app": ["db"]}),
        service=declared.services.__getitem__,
        container=lambda _name: container("shop-data", service="db", status=status),
        image_of=lambda _name: Image(id="i"),
        engine=SimpleNamespace(differences=lambda *_: []),
    )
    assert drift_of(ctx, "db").reason == reason
