"""Why the step `one-shot` runs a service again."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.steps.containers import one_shot
from cosmicdeploy.steps.containers.one_shot import _reason
from cosmicdeploy.steps.rollout.drift import Drift

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("status", "exit_code", "drift", "reason"),
    [
        ("exited", 0, None, ""),
        ("exited", 0, "another image runs", "another image runs"),
        ("exited", 3, None, "it ended with exit code 3"),
        ("running", 0, None, "it has not ended"),
        ("created", 0, None, "it was created, but never started"),
        ("dead", 0, None, "its container is dead"),
    ],
)
def test_the_reason_is_true_of_the_container_in_place(
    monkeypatch: pytest.MonkeyPatch, status: str, exit_code: int, drift: str | None, reason: str
) -> None:
    container = Container(
        id="1",
        name="migrate",
        service="migrate",
        project="shop",
        image_id="sha256:1a2b",
        status=status,
        exit_code=exit_code,
    )
    found = Drift(container=container, reason=drift)
    monkeypatch.setattr(one_shot, "drift_of", lambda *_, **__: found)
    ctx: Any = None
    assert _reason(ctx, "migrate") == reason
