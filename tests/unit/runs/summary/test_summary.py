"""The summary of a run in the journal, as `history` reads it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context import releases
from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable, LockLost
from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.history.runs import find_run
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.runs import locked_run
from cosmicdeploy.runs.summary.summary import record_failure, record_outcome, record_run
from cosmicdeploy.traffic.response import Response
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from tests.unit.journal.journal_writer import STATE, Writer
from tests.unit.runs.append_steps import Fail, append, run
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit
PASSWORD = "correct horse battery"


class Engine:
    """An engine without containers, on which the lock is free."""

    def claim_marker(self, *_: object) -> Any:
        return SimpleNamespace(id="lock", is_own=True)

    def __getattr__(self, name: str) -> Any:
        holds = name in ("beat", "marker_exists")
        return lambda *_: [] if name == "containers" else holds or None


@pytest.fixture
def shop(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """The context of a stack whose `.env` has a password; a run has begun."""
    loaded: Any = SimpleNamespace(
        settings=settings_of({"app": ["web"]}),
        variables={"DB_PASSWORD": PASSWORD},
        directory=tmp_path,
    )
    monkeypatch.setattr(Context, "container", lambda *_: None)
    stack: Any = SimpleNamespace(project="shop", services={})
    journal = Writer(ctx.journal.path).run("r1").journal
    own = replace(ctx, loaded=loaded, stack=stack, engine=Engine(), journal=journal)
    return replace(own, emit=own.run.notes.listening(ctx.emit))


def recorded(ctx: Context) -> RunEntry:
    return find_run(ctx.journal, "latest")


def test_steps_have_their_times_and_requests_their_course(shop: Context, words: list[str]) -> None:
    traffic = TrafficStats()
    traffic.count(Response(url="http://shop", status=200, seconds=0.01), kept=True)
    traffic.count(Response(url="http://shop", status=502, seconds=0.01), kept=False)
    finished = run(shop, append(words, "a"), append(words, "here"))
    record_run(finished.ctx, finished, traffic)
    found = recorded(shop)
    assert found.outcome == "changed" and found.summary is not None
    assert [(s.name, s.outcome) for s in found.steps] == [("a", "changed"), ("here", "unchanged")]
    assert all(s.began is not None and s.ended is not None for s in found.steps)
    requests, series = found.summary.requests, found.summary.series
    assert requests is not None and (requests.sent, requests.new.failed) == (2, 1)
    assert series is not None
    assert sum(series.kept.sent) == 1 and sum(series.new.failed) == 1
    assert found.steps[0].facts == {"a": "a"}


def test_the_error_of_a_failed_run_has_its_lines_without_secrets(
    shop: Context, words: list[str]
) -> None:
    error = CosmicError(
        "It broke", where="web", todo="repair it", details=[f"login with {PASSWORD} failed"]
    )
    finished = run(shop, append(words, "a"), append(words, "b", Fail, error=error))
    record_run(finished.ctx, finished, None)
    found = recorded(shop)
    assert (found.outcome, found.is_undone) == ("failed", True)
    assert [s.outcome for s in found.steps] == ["undone", "failed"]
    assert found.summary is not None and found.summary.error is not None
    assert found.summary.error.details[0] == "login with *** failed"
    assert found.summary.exit_code == 1 and found.summary.requests is None
    assert PASSWORD not in shop.journal.path.read_text()


def test_gaps_maintenance_and_phases_are_seconds_since_the_run_began(shop: Context) -> None:
    scope = shop.run
    with scope.gaps.open("proxy", 10.0):
        scope.notes.add_phase("web", "start", time.monotonic(), time.monotonic())
    scope.maintenance.open()
    scope.maintenance.close()
    finished = run(shop)
    record_run(finished.ctx, finished, None)
    summary = recorded(shop).summary
    assert summary is not None
    [gap], [phase], [(began, ended)] = summary.gaps, summary.phases, summary.maintenance
    assert (gap.service, gap.failed, phase.service) == ("proxy", None, "web")
    for at in (gap.began, gap.ended, phase.began, phase.ended, began, ended):
        assert 0 <= at < 60


class Unable:
    """A lock that cannot be checked, for this reason."""

    def __init__(self, error: CosmicError) -> None:
        self._error = error

    def require(self, max_age: float = 0.0) -> None:
        raise self._error


def listening(shop: Context, error: CosmicError | None = None) -> tuple[Context, list[Any]]:
    """Return the context and its events; the lock cannot be checked if there is an error."""
    events: list[Any] = []
    lock: Any = Unable(error) if error else shop.lock
    return replace(shop, lock=lock, emit=events.append), events


def test_a_run_that_lost_its_lock_writes_nothing(shop: Context) -> None:
    ctx, events = listening(shop, LockLost("The lock was lost"))
    record_outcome(ctx, "changed")
    assert recorded(shop).summary is None and events == []


def test_a_run_is_recorded_although_the_engine_does_not_answer(shop: Context) -> None:
    ctx, events = listening(shop, EngineUnavailable("No engine answers"))
    error = CosmicError("No engine answers", todo="start it")
    record_failure(ctx, error)
    summary = recorded(shop).summary
    assert summary is not None and summary.error is not None and events == []
    assert (summary.error.todo, summary.releases) == ("start it", {})


def test_a_summary_that_cannot_be_written_fails_no_run_but_is_a_warning(shop: Context) -> None:
    ctx, events = listening(shop)
    shop.journal.path.unlink()
    shop.journal.path.mkdir()
    record_outcome(ctx, "changed")
    [warning] = events
    assert warning.text.startswith("not in `cosmicdeploy history`: the summary of this run: ")


def test_a_disk_that_is_full_cuts_the_summary_and_nothing_else(
    shop: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.journal.append("success", resolves=[])
    whole, write = shop.journal.path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:100]))
    ctx, events = listening(shop)
    record_outcome(ctx, "changed")
    monkeypatch.undo()
    assert len(shop.journal.path.read_bytes()) == len(whole) + 100
    [warning] = events
    assert "No space left on device" in warning.text
    found = recorded(shop)
    assert (found.end, found.summary) == ("success", None)


def test_what_was_noted_beyond_the_bounds_is_counted(shop: Context) -> None:
    shop.run.notes.more["phases"] += 7
    record_outcome(shop, "changed")
    summary = recorded(shop).summary
    assert summary is not None and summary.left_out == ["7 more phases"]


def begun(shop: Context, monkeypatch: pytest.MonkeyPatch, kind: RunKind) -> Any:
    monkeypatch.setattr(locked_run, "known_failures", lambda *_: KnownFailures())
    monkeypatch.setattr(locked_run, "resolve_containers", lambda ctx, _needed: ctx)
    monkeypatch.setattr(locked_run, "observe", lambda _: STATE)
    monkeypatch.setattr(releases, "release_ahead", lambda *_: "7")
    return locked_run.begin(shop, RunCommand(line=kind.value, kind=kind), 0.0, [])


def test_a_run_that_cannot_be_planned_has_its_error(
    shop: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CosmicError), begun(shop, monkeypatch, RunKind.DEPLOY):
        raise CosmicError("The plan does not hold", todo="mend it")
    found = recorded(shop)
    assert (found.outcome, found.release, found.kind) == ("failed", "7", RunKind.DEPLOY)
    assert found.summary is not None and found.summary.error is not None
    assert found.summary.error.todo == "mend it"


def test_the_first_record_says_where_the_run_was_started(
    shop: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_JOB", f"deploy {PASSWORD}")
    with begun(shop, monkeypatch, RunKind.UP) as (run_ctx, _):
        assert run_ctx.run.notes is not shop.run.notes
    origin = recorded(shop).origin
    assert origin is not None and origin.host and origin.ci is not None
    assert (origin.ci.system, origin.ci.job) == ("GitHub Actions", "deploy ***")
