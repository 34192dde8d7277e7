"""The evidence of the checklist: counters, transitions, logs and responses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.errors import EngineUnavailable
from cosmicdeploy.lock.holder import this_process
from cosmicdeploy.operations.checklist import logs
from cosmicdeploy.operations.checklist.collect import collect
from cosmicdeploy.operations.checklist.evidence import (
    access_log,
    cache,
    database,
    external,
    migrations,
    scheduling,
    transitions,
)
from cosmicdeploy.operations.checklist.evidence.transitions import Transition
from cosmicdeploy.operations.checklist.verdict import Span
from cosmicdeploy.settings import External
from cosmicdeploy.traffic.response import Response
from tests.unit.journal.journal_writer import Writer
from tests.unit.operations.checklist.figures import SETTINGS, LogEngine, context

pytestmark = pytest.mark.unit


def test_only_whole_minutes_without_a_run_are_missed() -> None:
    runs = [0.5, 61, 119.9, 245, 300.2]
    assert scheduling.missed_minutes(runs, begins=30, until=361) == (5, [120.0, 180.0])
    assert scheduling.missed_minutes([], begins=30, until=100) == (0, [])


def move(device: str, before: str, after: str, at: float) -> Transition:
    return Transition(device, before, after, at)


def test_a_transition_begins_with_the_status_in_which_the_last_one_ended() -> None:
    good = [move("1", "a", "b", 1), move("2", "a", "c", 2), move("1", "b", "a", 3)]
    assert transitions.count_broken(good, since=0) == 0
    broken = [*good, move("2", "b", "a", 4), move("1", "", "x", 5)]
    assert transitions.count_broken(broken, since=0) == 1
    assert transitions.count_broken(broken, since=4.5) == 0, "only transitions since then count"


def test_a_device_with_more_transitions_than_the_limit_flaps() -> None:
    flapping = [move("1", "", str(n), 100 + n * 60) for n in range(4)]
    slow = [move("2", "", str(n), 100 + n * 101) for n in range(9)]
    assert transitions.flapping_devices([*slow, *flapping], 3, 300, since=0) == ["1"]
    assert transitions.flapping_devices(flapping, 3, 300, since=150) == []


def test_counters_cover_the_time_since_the_baseline_or_the_servers_restart() -> None:
    then = dict.fromkeys(database.COUNTERS, 100) | {database.UPTIME: 1000}
    now_ = {
        "Slow_queries": 110,
        "Innodb_row_lock_waits": 100,
        "Innodb_buffer_pool_read_requests": 1100,
        "Innodb_buffer_pool_reads": 110,
        "Questions": 1300,
        database.UPTIME: 1120,
    }
    found = database.rates(now_, then)
    assert found == {"seconds": 120, "slow": 5, "lock_waits": 0, "pool": 0.99, "queries": 10}
    restarted = database.rates({**now_, database.UPTIME: 60}, then)
    assert (restarted["seconds"], restarted["slow"]) == (60, 110)
    assert database.rates({**now_, database.UPTIME: 1010}, then)["slow"] is None, "too short"


def test_hits_are_counted_since_the_baseline_unless_redis_was_restarted() -> None:
    then = {"life": "a", "seconds": 10, "hits": 100, "misses": 100}
    later = {"life": "a", "seconds": 70, "hits": 190, "misses": 110}
    assert cache.ratio(later, then) == {"lookups": 100, "ratio": 0.9, "seconds": 60}
    restarted = cache.ratio({**later, "life": "b"}, then)
    assert (restarted["lookups"], restarted["seconds"]) == (300, 70)


def test_status_codes_are_counted_by_their_meaning() -> None:
    found = access_log.count([200, 499, 429, 429, 500, 503, 404])
    assert found == {"answers": 7, "errors": 2, "gone": 1, "limited": 2}


def test_an_external_service_has_to_answer_as_configured() -> None:
    service = External(name="Billing", url="http://127.0.0.1:9/version", body='"api": 2')
    good = Response(url="", status=200, body='{"api": 2}')
    assert external.mismatch(service, good) == ""
    assert external.mismatch(service, Response(url="", status=200, body="{}")).startswith(
        "its answer"
    )
    assert external.mismatch(service, Response(url="", status=502)) == "answers 502, not 200"
    assert external.mismatch(service, Response(url="", error="refused")) == "refused"


def test_the_patterns_match_errors_of_laravel_and_of_the_shipped_application() -> None:
    patterns = SETTINGS.checklist
    errors = (
        "[2026-02-02 10:00:00] production.ERROR: SQLSTATE[42S22]: Column not found: 1054",
        "[2026-02-02 10:00:00] ERROR: (1054, \"Unknown column 'x' in 'field list'\")",
        "[2026-02-02 10:00:00] ERROR: (1146, \"Table 'platform.x' doesn't exist\")",
        "CRITICAL: migration 2026_02_02 failed",
    )
    for line in errors:
        assert patterns.errors.search(line) and patterns.migration_errors.search(line), line
    for line in (
        "Migrated:  2019_08_19_000000_create_failed_jobs_table (12ms)",
        "   INFO  Running migrations. ",
        "[2026-02-02 10:00:00] production.INFO: Device status transition {} []",
    ):
        assert not patterns.errors.search(line) and not patterns.migration_errors.search(line), line


@pytest.mark.parametrize(
    ("span", "begins", "texts"),
    [
        (Span(since=15, until=100), 15, ["line at 20", "line at 90"]),
        (Span(since=5, until=100), 10, ["line at 10", "line at 20", "line at 90"]),
        (Span(since=5, until=100, lines=2), 90, ["line at 90"]),
        (Span(since=5, until=8, lines=9), 8, []),
    ],
)
def test_the_log_has_the_time_from_which_on_it_is_complete(
    tmp_path: Path, span: Span, begins: float, texts: list[str]
) -> None:
    """It is later if the log was rotated or cut, or if the container is newer."""
    log = logs.output(context(LogEngine(10, 20, 90, 110), tmp_path), "cosmic-app-1", span)
    assert (log.begins, [line.text for line in log.lines]) == (begins, texts)


def test_without_a_table_transitions_come_from_the_logs(tmp_path: Path) -> None:
    context_ = '{{"device_id": 7, "from_status": "a", "to_status": "b"}}'
    engine = LogEngine(10, 20, 90, text=f"[now] Device status transition {context_} []")
    history = transitions.from_logs(context(engine, tmp_path), Span(since=15, until=100))
    expected = Transition("7", "a", "b", 20.0), Transition("7", "a", "b", 90.0)
    assert set(history.transitions) == set(expected) and history.begins == 15
    assert transitions.count_broken(expected, since=0) == 1


def test_without_an_engine_nothing_is_collected(tmp_path: Path) -> None:
    class UnavailableEngine:
        def container(self, _name: str) -> None:
            raise EngineUnavailable("No Docker Engine answers")

    with pytest.raises(EngineUnavailable):
        collect(context(UnavailableEngine(), tmp_path), Span(since=0), {})


MIGRATE = {"step": "migrate", "step_kind": "migrate", "options": {}, "change": ""}


def test_a_migration_that_failed_since_the_baseline_counts(tmp_path: Path) -> None:
    ctx = context(None, tmp_path)
    before = {"applied": [], "schema": "s"}
    ctx.journal.append("intent", **MIGRATE, before=before)
    ctx.journal.append("failed", error="no")
    assert migrations.figures(ctx, Span(since=0), None)["failed_runs"] == 1
    assert migrations.figures(ctx, Span(since=9e9), None)["failed_runs"] == 0


@pytest.mark.parametrize(
    ("holder", "half_done"),
    [
        (None, True),
        ({**this_process("deploy"), "machine": "another", "pid": "1"}, None),
        (this_process("deploy"), None),
        ({**this_process("deploy"), "process": "long ended"}, True),
    ],
)
def test_a_migration_of_a_run_at_work_is_not_half_done(
    tmp_path: Path, holder: dict[str, str] | None, half_done: bool | None
) -> None:
    marker = None if holder is None else Marker(id="m", labels=holder, is_own=False)
    ctx = context(SimpleNamespace(find_marker=lambda _: marker), tmp_path)
    Writer(ctx.journal.path).run("r0").intent("migrate")
    figures = migrations.figures(ctx, Span(since=0), None)
    assert figures == {"failed_runs": 0, "half_done": half_done}
