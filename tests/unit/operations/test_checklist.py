"""The day-after checklist without a stack: present figures compared with the baseline."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from xml.etree.ElementTree import fromstring

import pytest
from rich.console import Console

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import EngineUnavailable
from cosmicdeploy.files import shipped
from cosmicdeploy.journal.journal import Journal, now
from cosmicdeploy.operations.checklist import baseline, comparison, logs
from cosmicdeploy.operations.checklist.baseline import Baseline
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
from cosmicdeploy.operations.checklist.recording import Recording
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Rate,
    Span,
    Verdict,
    by_level,
    by_rate,
    by_share,
    worst,
)
from cosmicdeploy.report.junit import junit
from cosmicdeploy.report.model import Report
from cosmicdeploy.report.summary import show
from cosmicdeploy.settings import External, load
from cosmicdeploy.traffic.response import Response

pytestmark = pytest.mark.unit

SETTINGS = load(shipped.example_settings(), {}).settings
BETTER, SAME, WORSE, UNKNOWN = Verdict.BETTER, Verdict.SAME, Verdict.WORSE, Verdict.UNKNOWN

WELL: dict[str, dict[str, Any]] = {
    "application": {"lines": 900, "errors": 0, "migration_errors": 0, "hours": 24.0, "unread": {}},
    "migrations": {"failed_runs": 0, "half_done": False},
    "devices": {
        "seconds": 86_400.0,
        "transitions": 100,
        "broken": 0,
        "astray": 0,
        "flapping": 0,
        "devices": [],
    },
    "proxy": {"answers": 10_000, "errors": 2, "gone": 1, "limited": 5, "seconds": 86_400.0},
    "scheduler": {"minutes": 1440, "missed": 0, "first_missed": [], "off": "", "cut": False},
    "database": {
        "latency_ms": 0.4,
        "threads_running": 2,
        "seconds": 86_400,
        "slow": 0.0,
        "lock_waits": 0.1,
        "pool": 0.999,
        "queries": 80.0,
    },
    "cache": {"lookups": 9000, "ratio": 0.9, "seconds": 86_400},
    "external": {"Billing": {"ok": True, "found": "", "ms": 4.0}},
}


def with_figures(collector: str, **figures: Any) -> dict[str, dict[str, Any]]:
    return {**WELL, collector: {**WELL[collector], **figures}}


def verdicts(now: Any, before: Any = WELL) -> dict[str, str]:
    evidence = Evidence(settings=SETTINGS, now=now, before=before)
    return {name: str(judge(evidence).verdict) for name, judge in comparison.POINTS.items()}


def test_equal_figures_are_the_same_in_all_nine_points() -> None:
    assert verdicts(WELL) == dict.fromkeys(comparison.POINTS, "same")
    assert len(comparison.POINTS) == 9


@pytest.mark.parametrize(
    ("point", "collector", "figures"),
    [
        ("migrations", "application", {"migration_errors": 1}),
        ("migrations", "migrations", {"half_done": True}),
        ("migrations", "migrations", {"failed_runs": 1}),
        ("transitions", "devices", {"broken": 1}),
        ("transitions", "devices", {"astray": 2}),
        ("transitions", "devices", {"transitions": 0}),
        ("flapping", "devices", {"flapping": 1, "devices": ["7"]}),
        ("rate-limit", "proxy", {"limited": 4000}),
        ("scheduler", "scheduler", {"missed": 1, "first_missed": ["2026-02-02T10:00:00+01:00"]}),
        ("database", "database", {"latency_ms": 40.0}),
        ("database", "database", {"threads_running": 60}),
        ("database", "database", {"slow": 3.0}),
        ("database", "database", {"lock_waits": 30.0}),
        ("database", "database", {"pool": 0.9}),
        ("cache", "cache", {"ratio": 0.7}),
        ("errors", "proxy", {"errors": 40}),
        ("errors", "proxy", {"gone": 40}),
        ("errors", "application", {"errors": 9}),
        ("external", "external", {"Billing": {"ok": False, "found": "answers 500", "ms": 4.0}}),
    ],
)
def test_each_figure_makes_its_own_point_worse_and_no_other(
    point: str, collector: str, figures: dict[str, Any]
) -> None:
    found = verdicts(with_figures(collector, **figures))
    assert {name for name, verdict in found.items() if verdict != "same"} == {point}
    assert found[point] == "worse"


@pytest.mark.parametrize(
    ("point", "collector", "figures"),
    [
        ("migrations", "application", {"migration_errors": 4}),
        ("flapping", "devices", {"flapping": 4}),
        ("rate-limit", "proxy", {"limited": 0}),
        ("scheduler", "scheduler", {"missed": 4}),
        ("database", "database", {"latency_ms": 40.0}),
        ("cache", "cache", {"ratio": 0.7}),
        ("errors", "proxy", {"errors": 400}),
        ("external", "external", {"Billing": {"ok": False, "found": "answers 500", "ms": 4.0}}),
    ],
)
def test_a_point_that_was_worse_before_is_better(
    point: str, collector: str, figures: dict[str, Any]
) -> None:
    assert verdicts(WELL, with_figures(collector, **figures))[point] == "better"


def test_a_point_without_figures_is_unknown_and_says_why() -> None:
    blind = {name: {"why": f"no {name}", "todo": "wait"} for name in WELL}
    blind["migrations"] = WELL["migrations"]
    evidence = Evidence(settings=SETTINGS, now=blind, before=WELL)
    for judge in comparison.POINTS.values():
        point = judge(evidence)
        assert point.verdict is UNKNOWN and point.why.startswith("no "), point


def test_without_a_baseline_only_absolute_figures_are_judged() -> None:
    found = verdicts(WELL, {})
    assert found.pop("cache") == "unknown"
    assert set(found.values()) == {"same"}
    assert verdicts(with_figures("scheduler", missed=2), {})["scheduler"] == "worse"
    assert verdicts(with_figures("proxy", errors=500), {})["errors"] == "worse"
    assert verdicts(with_figures("application", errors=500), {})["errors"] == "unknown"
    assert verdicts(with_figures("database", latency_ms=90.0), {})["database"] == "unknown"


def test_no_refusal_and_a_switched_off_command_are_no_failure() -> None:
    assert verdicts(with_figures("proxy", limited=0))["rate-limit"] == "unknown"
    off = with_figures("scheduler", missed=9, off="the feature monitor is switched off")
    assert verdicts(off)["scheduler"] == "unknown"
    assert verdicts(with_figures("scheduler", minutes=0))["scheduler"] == "unknown"
    assert verdicts(with_figures("cache", lookups=12))["cache"] == "unknown"


@pytest.mark.parametrize(
    ("tried", "verdict"),
    [
        ({"let_in": 120, "status": 429, "error": ""}, "same"),
        ({"let_in": 150, "status": 200, "error": ""}, "worse"),
        ({"let_in": 0, "status": 401, "error": ""}, "unknown"),
        ({"let_in": 3, "status": 0, "error": "timed out"}, "unknown"),
        ({"why": "verify.heartbeat is not configured"}, "same"),
    ],
)
def test_a_burst_shows_whether_the_limit_works(tried: dict[str, Any], verdict: str) -> None:
    assert verdicts({**WELL, "burst": tried})["rate-limit"] == verdict


def test_a_burst_that_could_not_be_sent_is_reported() -> None:
    now_ = {**with_figures("proxy", limited=0), "burst": {"why": "no device"}}
    evidence = Evidence(settings=SETTINGS, now=now_, before=WELL)
    assert (
        comparison.POINTS["rate-limit"](evidence).why
        == "no client was refused; no burst: no device"
    )


def test_counts_are_compared_as_rates() -> None:
    assert by_rate(Rate(2, 100), Rate(200, 10_000), 1.5, 0) is SAME
    assert by_rate(Rate(4, 100), Rate(200, 10_000), 1.5, 0) is WORSE
    assert by_rate(Rate(4, 100), Rate(200, 10_000), 1.5, 1) is SAME
    assert by_rate(Rate(0, 100), Rate(200, 10_000), 1.5, 1) is BETTER
    assert by_rate(Rate(4, 100), None, 1.5, 3) is UNKNOWN
    assert by_rate(Rate(4, 100), Rate(0, 0), 1.5, 9) is SAME


def test_levels_and_shares_are_compared() -> None:
    assert by_level(5, 1, 1.5, 5) is SAME
    assert by_level(6, 1, 1.5, 5) is WORSE
    assert by_level(1, 9, 1.5, 5) is BETTER
    assert by_level(6, None, 1.5, 5) is UNKNOWN
    found = [by_share(each, 0.8, 0.02) for each in (0.9, 0.79, 0.7)]
    assert found == [BETTER, SAME, WORSE]
    assert worst([SAME, BETTER]) is BETTER
    assert worst([SAME, UNKNOWN, BETTER]) is UNKNOWN
    assert worst([BETTER, WORSE]) is WORSE
    assert worst([]) is UNKNOWN


def test_minutes_without_a_run_are_missed_and_broken_ones_are_not() -> None:
    runs = [0.5, 61, 119.9, 245, 300.2]
    assert scheduling.missed(runs, begins=30, until=361) == (5, [120.0, 180.0])
    assert scheduling.missed([], begins=30, until=100) == (0, [])


def move(device: str, before: str, after: str, at: float) -> Transition:
    return Transition(device, before, after, at)


def test_a_transition_has_to_begin_where_the_one_before_ended() -> None:
    good = [move("1", "a", "b", 1), move("2", "a", "c", 2), move("1", "b", "a", 3)]
    assert transitions.broken(good, since=0) == 0
    torn = [*good, move("2", "b", "a", 4), move("1", "", "x", 5)]
    assert transitions.broken(torn, since=0) == 1
    assert transitions.broken(torn, since=4.5) == 0, "only those since then count"


def test_a_device_with_more_transitions_than_the_limit_flaps() -> None:
    quick = [move("1", "", str(n), 100 + n * 60) for n in range(4)]
    slow = [move("2", "", str(n), 100 + n * 101) for n in range(9)]
    assert transitions.flapping([*slow, *quick], 3, 300, since=0) == ["1"]
    assert transitions.flapping(quick, 3, 300, since=150) == []


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
    anew = database.rates({**now_, database.UPTIME: 60}, then)
    assert (anew["seconds"], anew["slow"]) == (60, 110)
    assert database.rates({**now_, database.UPTIME: 1010}, then)["slow"] is None, "too short"


def test_hits_are_counted_since_the_baseline_unless_redis_was_restarted() -> None:
    then = {"life": "a", "seconds": 10, "hits": 100, "misses": 100}
    later = {"life": "a", "seconds": 70, "hits": 190, "misses": 110}
    assert cache.ratio(later, then) == {"lookups": 100, "ratio": 0.9, "seconds": 60}
    other = cache.ratio({**later, "life": "b"}, then)
    assert (other["lookups"], other["seconds"]) == (300, 70)


def test_statuses_are_counted_by_their_meaning() -> None:
    found = access_log.count([200, 499, 429, 429, 500, 503, 404])
    assert found == {"answers": 7, "errors": 2, "gone": 1, "limited": 2}


def test_an_external_service_has_to_answer_as_configured() -> None:
    wanted = External(name="Billing", url="http://127.0.0.1:9/version", body='"api": 2')
    good = Response(url="", status=200, body='{"api": 2}')
    assert external.problem(wanted, good) == ""
    assert external.problem(wanted, Response(url="", status=200, body="{}")).startswith(
        "its answer"
    )
    assert external.problem(wanted, Response(url="", status=502)) == "answers 502, not 200"
    assert external.problem(wanted, Response(url="", error="refused")) == "refused"


def test_the_patterns_match_errors_of_laravel_and_of_the_shipped_application() -> None:
    wanted = SETTINGS.checklist
    errors = (
        "[2026-02-02 10:00:00] production.ERROR: SQLSTATE[42S22]: Column not found: 1054",
        "[2026-02-02 10:00:00] ERROR: (1054, \"Unknown column 'x' in 'field list'\")",
        "[2026-02-02 10:00:00] ERROR: (1146, \"Table 'platform.x' doesn't exist\")",
        "CRITICAL: migration 2026_02_02 failed",
    )
    for line in errors:
        assert wanted.errors.search(line) and wanted.migration_errors.search(line), line
    for line in (
        "Migrated:  2019_08_19_000000_create_failed_jobs_table (12ms)",
        "   INFO  Running migrations. ",
        "[2026-02-02 10:00:00] production.INFO: Device status transition {} []",
    ):
        assert not wanted.errors.search(line) and not wanted.migration_errors.search(line), line


# --- logs, and the file of a run


class Written:
    """An engine with one log, that of every container."""

    def __init__(self, *at: float, text: str = "line at {at:g}") -> None:
        self._lines = [LogLine(at=int(each * 1e9), text=text.format(at=each)) for each in at]

    def log_entries(
        self, _container: str, *, since: int | None = None, tail: int | None = None
    ) -> Any:
        kept = [line for line in self._lines if line.at >= (since or 0)]
        return iter(kept[-tail:] if tail else kept)

    def container(self, name: str) -> Container:
        return Container(
            id=name, name=name, service=name, project="kiosk", image_id="", status="exited"
        )

    def image(self, _reference: str) -> None:
        return None


def context(engine: Any, folder: Path) -> Context:
    service = SimpleNamespace(container_name="web", image="web")
    stack = SimpleNamespace(project="kiosk", services=dict.fromkeys(SETTINGS.services.all, service))
    loaded = SimpleNamespace(state_directory=folder, settings=SETTINGS)
    return Context(
        loaded=cast(Any, loaded),
        stack=cast(Any, stack),
        engine=engine,
        journal=Journal(path=folder / "journal.jsonl", run="r1"),
        catalogue=cast(Any, None),
        emit=lambda _event: None,
    )


@pytest.mark.parametrize(
    ("span", "begins", "texts"),
    [
        (Span(since=15, until=100), 15, ["line at 20", "line at 90"]),
        (Span(since=5, until=100), 10, ["line at 10", "line at 20", "line at 90"]),
        (Span(since=5, until=100, lines=2), 90, ["line at 90"]),
        (Span(since=5, until=8, lines=9), 8, []),
    ],
)
def test_a_log_says_how_far_back_it_reaches(
    tmp_path: Path, span: Span, begins: float, texts: list[str]
) -> None:
    """A rotated log, a bounded look and a container that came later reach back less far."""
    log = logs.output(context(Written(10, 20, 90, 110), tmp_path), "cosmic-app-1", span)
    assert (log.begins, [line.text for line in log.lines]) == (begins, texts)


def test_without_a_table_transitions_come_from_the_logs(tmp_path: Path) -> None:
    context_ = '{{"device_id": 7, "from_status": "a", "to_status": "b"}}'
    written = Written(10, 20, 90, text=f"[now] Device status transition {context_} []")
    found = transitions.in_logs(context(written, tmp_path), Span(since=15, until=100))
    told = Transition("7", "a", "b", 20.0), Transition("7", "a", "b", 90.0)
    assert set(found.moves) == set(told) and found.begins == 15
    assert transitions.broken(told, since=0) == 1


def test_without_an_engine_nothing_is_collected(tmp_path: Path) -> None:
    class Away:
        def container(self, _name: str) -> None:
            raise EngineUnavailable("No Docker Engine answers")

    with pytest.raises(EngineUnavailable):
        collect(context(Away(), tmp_path), Span(since=0), {})


def kept(run_: str, at: str, **more: Any) -> Baseline:
    return Baseline(run=run_, command="deploy", at=at, **more)


def test_the_newest_baseline_of_a_run_that_succeeded_counts(tmp_path: Path) -> None:
    ctx = context(None, tmp_path)
    assert baseline.newest(ctx) is None
    at = ["2026-02-02T10:00:00+00:00", "2026-02-03T10:00:00+00:00", "2026-02-04T10:00:00+00:00"]
    baseline.write(ctx, kept("a", at[0], in_place_at=at[0]))
    baseline.write(ctx, kept("b", at[1], in_place_at=at[1], before=WELL))
    baseline.write(ctx, kept("c", at[2]))
    (tmp_path / "baselines" / "d.json").write_text("{")
    found = baseline.newest(ctx)
    assert found and (found.run, found.before) == ("b", WELL)
    assert (tmp_path / "baselines" / "b.json").stat().st_mode & 0o777 == 0o600


def test_only_the_newest_baselines_are_kept(tmp_path: Path) -> None:
    ctx = context(None, tmp_path)
    for number in range(baseline.KEPT + 5):
        baseline.write(ctx, kept(f"r{number:02}", now(), in_place_at=now()))
    assert len(list((tmp_path / "baselines").iterdir())) == baseline.KEPT


def test_a_run_that_resumes_a_killed_one_takes_over_its_baseline(tmp_path: Path) -> None:
    ctx = context(Written(), tmp_path)
    baseline.write(ctx, kept("r0", "2026-02-02T10:00:00+00:00", before=WELL, release_before="1"))
    earlier = [cast(Any, SimpleNamespace(id="r0"))]
    resumed = Recording(Context(**{**vars(ctx), "earlier": earlier}), "deploy")
    resumed.begin()
    resumed.complete()
    found = baseline.newest(ctx)
    assert found and (found.run, found.before, found.release_before) == ("r1", WELL, "1")


def test_a_run_that_was_undone_leaves_no_baseline(tmp_path: Path) -> None:
    ctx = context(Written(), tmp_path)
    baseline.write(ctx, kept("r1", now()))
    undone = Recording(ctx, "deploy")
    undone.drop()
    assert baseline.of_run(ctx, "r1") is None


def test_a_migration_that_failed_since_the_release_counts(tmp_path: Path) -> None:
    ctx = context(None, tmp_path)
    before = {"applied": [], "schema": "s"}
    step = {
        "step": "migrate",
        "step_kind": "migrate",
        "options": {},
        "change": "",
        "before": before,
    }
    ctx.journal.append("intent", **step)
    ctx.journal.append("failed", error="no")
    assert migrations.figures(ctx, Span(since=0), None)["failed_runs"] == 1
    assert migrations.figures(ctx, Span(since=9e9), None)["failed_runs"] == 0


# --- the report


def report(now_: Any, before: Any) -> Report:
    evidence = Evidence(settings=SETTINGS, now=now_, before=before)
    points = [vars(judge(evidence)) for judge in comparison.POINTS.values()]
    return Report.model_validate(
        {
            "command": "checklist",
            "outcome": "done",
            "started_at": now(),
            "seconds": 1.0,
            "checklist": {
                "since": now(),
                "seconds": 9.0,
                "baseline": kept("r1", now(), in_place_at=now()).summary() if before else None,
                "points": points,
            },
        }
    )


def test_the_points_with_before_and_advice_fit_80_columns() -> None:
    out = StringIO()
    bad = {**with_figures("proxy", errors=400, limited=0), **with_figures("cache", ratio=0.2)}
    show(report(bad, WELL), Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines[:-4])) <= 80
    text = " ".join(out.getvalue().split())
    for told in ("worse cache 20.0% of 9,000 look-ups hit", "before: 90.0% of 9,000", "1 worse"):
        assert told in text, text
    assert "no baseline" in out.getvalue() or "compared with" in text


def test_worse_is_a_failed_test_case_and_unknown_a_skipped_one() -> None:
    bad = {**with_figures("proxy", limited=0), **with_figures("cache", ratio=0.2)}
    bad["proxy"] = {**WELL["proxy"], "limited": 0}
    suite = fromstring(junit(report(bad, WELL)))[0]  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("9", "1", "1")
    assert suite[0].get("classname") == "cosmicdeploy.checklist"


def test_the_figures_are_json() -> None:
    assert json.loads(report(WELL, {}).to_json())["checklist"]["points"][0]["verdict"] == "same"
