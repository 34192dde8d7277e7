"""Undoing keeps started infrastructure that other services need, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.events import Event
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers import services
from cosmicdeploy.steps.containers.services import ServicesStep

pytestmark = pytest.mark.unit

STOPPED = {"id": "1", "image": "i", "running": False}


@pytest.mark.parametrize(
    ("before", "removed", "kept"),
    [
        ({"containers": {"db": None, "cache": None}}, ["cache", "db"], ""),
        ({"containers": {"db": STOPPED, "cache": None}}, ["cache"], "db"),
        ({"containers": {"db": STOPPED, "cache": None}, "needed_by": ["web"]}, [], "db, cache"),
    ],
)
def test_services_that_stay_started_or_created_are_named(
    ctx: Context,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    before: dict[str, Any],
    removed: list[str],
    kept: str,
) -> None:
    put_back: list[str] = []
    monkeypatch.setattr(services, "put_back", lambda _ctx, name, _before: put_back.append(name))
    step, change = ServicesStep(name="services"), Change(summary="start them", before=before)
    step.undo(ctx, change)
    assert put_back == removed
    message = step.kept_after_undo(change)
    assert message.partition(": ")[2] == kept
    assert (message in str(events)) if kept else not events
