"""What did not work when a run began does not fail the run."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.runs.undo.snapshot import changed
from cosmicdeploy.steps.base import Change, Result
from cosmicdeploy.traffic.request_stats import RequestStats
from cosmicdeploy.traffic.response import Response
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from tests.unit.runs.append_steps import Append, append, run
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit

BAD, GOOD = Response(url="u", status=500), Response(url="u", status=200)
CRASHING = {"services": {"app": "restarting"}, "points": {}}


def state(*, running: bool, container: str = "c", **more: Any) -> dict[str, Any]:
    app = {"id": container, "image": "i", "running": running}
    return {
        "tags": {},
        "containers": {"app": app, "worker": None},
        "schema": None,
        "migrations": None,
        **more,
    }


def test_known_failures_are_read_back_from_the_journal() -> None:
    known = KnownFailures(services={"app": "exited"}, points={"health": "500"})
    assert KnownFailures.of_state({"known_failures": known.as_json()}) == known
    assert not KnownFailures.of_state({}), "an older version journalled none"


def test_known_failures_are_described_with_their_reasons() -> None:
    known = KnownFailures(services={"app": "exited"}, points={"health": "500"})
    assert known.description() == "app (exited), health of verify (500)"


def test_a_container_that_failed_before_may_run_or_not() -> None:
    before = state(running=True, known_failures=CRASHING)
    assert changed(before, state(running=False)) == []
    assert changed(before, state(running=True, container="d")) == ["containers: app"]
    assert changed(state(running=True), state(running=False)) == ["containers: app"]


def test_requests_that_failed_before_are_excused_until_the_rollout_has_ended() -> None:
    traffic = TrafficStats()
    traffic.count(BAD)
    assert traffic.broken
    traffic.excuse_failures("1 of 1")
    traffic.count(BAD)
    assert not traffic.broken
    traffic.stop_excusing()
    traffic.count(GOOD)
    assert not traffic.broken
    traffic.count(BAD)
    assert traffic.failure_summary() == "1 of 2 requests failed"
    assert traffic.facts()["failing_before"] == "1 of 1"


def test_without_failures_before_the_run_nothing_is_excused() -> None:
    traffic = TrafficStats()
    traffic.count(BAD)
    traffic.stop_excusing()
    assert traffic.failure_summary() == "1 of 1 requests failed"


def test_an_application_that_failed_before_and_was_not_touched_stays_excused() -> None:
    traffic = TrafficStats(applications={"api": RequestStats(), "admin": RequestStats()})
    traffic.count(BAD, application="admin")
    traffic.excuse_failures("1 of 1")
    traffic.stop_excusing(touched=["api"])
    traffic.count(BAD, application="admin")
    assert not traffic.broken
    traffic.count(GOOD, application="api")
    traffic.count(BAD, application="api")
    assert traffic.failure_summary() == "1 of 2 requests failed"


def test_an_application_that_the_run_has_replaced_must_work_afterwards() -> None:
    traffic = TrafficStats(applications={"api": RequestStats(), "admin": RequestStats()})
    traffic.excuse_failures("0 of 1", failing=["admin"])
    traffic.stop_excusing(touched=["admin"])
    traffic.count(BAD, application="admin")
    assert traffic.failure_summary() == "1 of 1 requests failed"


class Place(Append):
    """A step that puts services in place."""

    starts_services: ClassVar[bool] = True


class Replace(Append):
    """A step that replaces containers."""

    replaces_containers: ClassVar[bool] = True


def test_requests_count_once_the_last_step_has_put_services_in_place(ctx: Context) -> None:
    """A new proxy starts after the rollout: until then no request can succeed."""
    counted: list[tuple[str, bool]] = []
    traffic, words = TrafficStats(), list[str]()

    class Note(Append):
        def apply(self, ctx: Context, change: Change) -> Result:
            counted.append((self.word, traffic._excused is not None))
            return super().apply(ctx, change)

    traffic.excuse_failures("all of them, since there was no proxy")
    steps = [
        append(words, word, kind)
        for word, kind in (
            ("cache", Place), ("a", Note), ("rollout", Replace), ("b", Note),
            ("proxy", Place), ("c", Note),
        )
    ]  # fmt: skip
    loaded: Any = SimpleNamespace(settings=settings_of({"app": ["web"]}))
    opened = replace(ctx, loaded=loaded).with_run(traffic=traffic)
    assert run(opened, *steps).error is None
    assert counted == [("a", False), ("b", False), ("c", True)]
