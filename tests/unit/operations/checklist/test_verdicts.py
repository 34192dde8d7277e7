"""The checklist's verdicts: current figures compared with those of the baseline."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.operations.checklist import comparison
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Rate,
    Verdict,
    compare_levels,
    compare_rates,
    compare_shares,
    worst,
)
from tests.unit.operations.checklist.figures import GOOD, SETTINGS, with_figures

pytestmark = pytest.mark.unit

BETTER, SAME, WORSE, UNKNOWN = Verdict.BETTER, Verdict.SAME, Verdict.WORSE, Verdict.UNKNOWN


def verdicts(now: Any, before: Any = GOOD) -> dict[str, str]:
    evidence = Evidence(settings=SETTINGS, now=now, before=before)
    return {name: str(judge(evidence).verdict) for name, judge in comparison.POINTS.items()}


def test_equal_figures_are_the_same_in_all_nine_points() -> None:
    assert verdicts(GOOD) == dict.fromkeys(comparison.POINTS, "same")
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
def test_each_figure_makes_only_its_own_point_worse(
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
    assert verdicts(GOOD, with_figures(collector, **figures))[point] == "better"


def test_the_same_flapping_device_in_a_shorter_time_is_not_worse() -> None:
    day = with_figures("devices", flapping=1, devices=["7"])
    hour = with_figures("devices", flapping=1, devices=["7"], seconds=3600.0, transitions=10)
    assert verdicts(hour, day)["flapping"] == "same"
    assert verdicts(with_figures("devices", flapping=24), hour)["flapping"] == "same"
    assert verdicts(with_figures("devices", flapping=4), day)["flapping"] == "worse"


def test_a_point_without_figures_is_unknown_and_says_why() -> None:
    without_figures = {name: {"why": f"no {name}", "todo": "wait"} for name in GOOD}
    evidence = Evidence(settings=SETTINGS, now=without_figures, before=GOOD)
    for judge in comparison.POINTS.values():
        point = judge(evidence)
        assert point.verdict is UNKNOWN and point.why.startswith("no "), point


def test_a_migration_of_a_run_at_work_is_unknown_unless_the_logs_are_worse() -> None:
    now_ = with_figures("migrations", half_done=None)
    point = comparison.POINTS["migrations"](Evidence(settings=SETTINGS, now=now_, before=GOOD))
    assert point.verdict is UNKNOWN and "a run is at work" in point.why
    assert point.todo == "wait until it ends: `cosmicdeploy lock status`"
    now_["application"] = {**GOOD["application"], "migration_errors": 1}
    assert verdicts(now_)["migrations"] == "worse"


def test_without_a_baseline_only_absolute_figures_are_judged() -> None:
    found = verdicts(GOOD, {})
    assert found.pop("cache") == "unknown"
    assert set(found.values()) == {"same"}
    assert verdicts(with_figures("scheduler", missed=2), {})["scheduler"] == "worse"
    assert verdicts(with_figures("proxy", errors=500), {})["errors"] == "worse"
    assert verdicts(with_figures("application", errors=500), {})["errors"] == "unknown"
    assert verdicts(with_figures("database", latency_ms=90.0), {})["database"] == "unknown"


def test_a_figure_that_cannot_be_judged_makes_its_point_unknown() -> None:
    assert verdicts(with_figures("proxy", limited=0))["rate-limit"] == "unknown"
    off = with_figures("scheduler", missed=9, off="the feature monitor is switched off")
    assert verdicts(off)["scheduler"] == "unknown"
    assert verdicts(with_figures("scheduler", minutes=0))["scheduler"] == "unknown"
    assert verdicts(with_figures("cache", lookups=12))["cache"] == "unknown"


@pytest.mark.parametrize(
    ("burst", "verdict"),
    [
        ({"let_in": 120, "status": 429, "error": "", "seconds": 2.5}, "same"),
        ({"let_in": 300, "status": 200, "error": "", "seconds": 4.0}, "worse"),
        ({"let_in": 300, "status": 200, "error": "", "seconds": 75.0}, "unknown"),
        ({"let_in": 0, "status": 401, "error": "", "seconds": 0.1}, "unknown"),
        ({"let_in": 3, "status": 0, "error": "timed out", "seconds": 5.2}, "unknown"),
        ({"why": "verify.heartbeat is not configured"}, "same"),
    ],
)
def test_a_burst_shows_whether_the_rate_limit_works(burst: dict[str, Any], verdict: str) -> None:
    assert verdicts({**GOOD, "burst": burst})["rate-limit"] == verdict


def test_a_burst_that_could_not_be_sent_is_reported() -> None:
    now_ = {**with_figures("proxy", limited=0), "burst": {"why": "no device"}}
    evidence = Evidence(settings=SETTINGS, now=now_, before=GOOD)
    assert (
        comparison.POINTS["rate-limit"](evidence).why
        == "no client was refused; no burst: no device"
    )


def test_counts_are_compared_as_rates() -> None:
    assert compare_rates(Rate(2, 100), Rate(200, 10_000), 1.5, 0) is SAME
    assert compare_rates(Rate(4, 100), Rate(200, 10_000), 1.5, 0) is WORSE
    assert compare_rates(Rate(4, 100), Rate(200, 10_000), 1.5, 1) is SAME
    assert compare_rates(Rate(0, 100), Rate(200, 10_000), 1.5, 1) is BETTER
    assert compare_rates(Rate(4, 100), None, 1.5, 3) is UNKNOWN
    assert compare_rates(Rate(4, 100), Rate(0, 0), 1.5, 9) is SAME


def test_levels_and_shares_are_compared() -> None:
    assert compare_levels(5, 1, 1.5, 5) is SAME
    assert compare_levels(6, 1, 1.5, 5) is WORSE
    assert compare_levels(1, 9, 1.5, 5) is BETTER
    assert compare_levels(6, None, 1.5, 5) is UNKNOWN
    found = [compare_shares(each, 0.8, 0.02) for each in (0.9, 0.79, 0.7)]
    assert found == [BETTER, SAME, WORSE]
    assert worst([SAME, BETTER]) is BETTER
    assert worst([SAME, UNKNOWN, BETTER]) is UNKNOWN
    assert worst([BETTER, WORSE]) is WORSE
    assert worst([]) is UNKNOWN


@pytest.mark.parametrize(
    ("now", "before", "why"),
    [
        (GOOD, {}, "the baseline has nothing to compare with"),
        (with_figures("cache", lookups=12), GOOD, "fewer than 100 look-ups now"),
        (GOOD, with_figures("cache", lookups=12), "fewer than 100 look-ups before"),
        (
            with_figures("cache", lookups=12),
            {},
            "fewer than 100 look-ups now; the baseline has nothing to compare with",
        ),
    ],
)
def test_the_cache_says_why_it_cannot_be_compared(
    now: dict[str, Any], before: dict[str, Any], why: str
) -> None:
    evidence = Evidence(settings=SETTINGS, now=now, before=before)
    point = comparison.POINTS["cache"](evidence)
    assert (point.verdict, point.why) == (UNKNOWN, why)
