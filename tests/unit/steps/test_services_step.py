"""Undoing leaves started infrastructure that other services need, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.events import Event
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers import services
from cosmicdeploy.steps.containers.services import ServicesStep

pytestmark = pytest.mark.unit

STOPPED = {"id": "1", "image": "i", "running": False}


@pytest.mark.parametrize(
    ("before", "removed", "told"),
    [
        ({"containers": {"db": None, "cache": None}}, ["cache", "db"], ""),
        ({"containers": {"db": STOPPED, "cache": None}}, ["cache"], "db"),
        ({"containers": {"db": STOPPED, "cache": None}, "needed_by": ["web"]}, [], "db, cache"),
    ],
)
def test_what_stays_started_or_created_is_named(
    ctx: Context,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    before: dict[str, Any],
    removed: list[str],
    told: str,
) -> None:
    met: list[str] = []
    monkeypatch.setattr(services, "put_back", lambda _ctx, name, _before: met.append(name))
    step, change = ServicesStep(name="services"), Change(summary="start them", before=before)
    step.undo(ctx, change)
    assert met == removed
    left = step.kept_after_undo(change)
    assert left.partition(": ")[2] == told
    assert (left in str(events)) if told else not events
