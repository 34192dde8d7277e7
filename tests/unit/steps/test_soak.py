"""What the soak counts as a breach, and what it tolerates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.probes.container_health import InitialState, Observation, observe_containers
from cosmicdeploy.probes.proof.soak_comparison import Comparison, slower, too_many_failures
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.settings import LatencyFloor, Soak, load
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from cosmicdeploy.steps.rollout.soak import SoakStep
from cosmicdeploy.traffic.request_stats import Sample
from cosmicdeploy.traffic.response import Response
from cosmicdeploy.traffic.traffic_stats import TrafficStats

ROLLOUT = RolloutStep(name="rollout")
WELL = Container(
    id="1", name="web", service="web", project="p", image_id="i", status="running", health="healthy"
)


def looked(found: Container | None, restarts: int = 0) -> Observation:
    engine = SimpleNamespace(logs=lambda *_args, **_more: ["its last words"])
    ctx: Any = SimpleNamespace(container=lambda _name: found, engine=engine)
    seen = Observation()
    observe_containers(ctx, {"web": InitialState(restarts)}, seen)
    return seen


@pytest.mark.parametrize(
    "found", [WELL, replace(WELL, health="starting"), replace(WELL, health="")]
)
def test_a_healthy_container_is_no_breach(found: Container) -> None:
    assert looked(found) == Observation()
    assert looked(replace(found, restart_count=3), restarts=3) == Observation()


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "web is gone"),
        (replace(WELL, restart_count=4), "web ended and was restarted (1 time)"),
        (replace(WELL, status="exited", exit_code=9, health=""), "web ended (it is exited, exit"),
        (replace(WELL, status="restarting", health=""), "web ended (it is restarting"),
        (replace(WELL, oom_killed=True), "web ran out of memory"),
        (replace(WELL, health="unhealthy", last_probe="HTTP 500"), "web is unhealthy"),
    ],
)
def test_an_unhealthy_container_is_reported_with_its_last_log_lines(
    found: Container | None, told: str
) -> None:
    seen = looked(found, restarts=3)
    assert len(seen.breaches) == 1 and seen.breaches[0].startswith(told)
    if found is not None:
        assert "web: its last words" in seen.details
    assert bool(seen.restarts) == ("restarted" in told) and bool(seen.oom_killed) == ("mem" in told)


def test_an_earlier_out_of_memory_is_no_breach() -> None:
    ctx: Any = SimpleNamespace(container=lambda _name: replace(WELL, oom_killed=True))
    seen = Observation()
    observe_containers(ctx, {"web": InitialState(oom_killed=True)}, seen)
    assert seen == Observation()


def test_failures_are_tolerated_up_to_a_share() -> None:
    wanted = 0.01
    assert too_many_failures(3, 300, wanted) == ""
    assert too_many_failures(4, 300, wanted).startswith("4 of 300 requests failed")
    assert too_many_failures(0, 0, wanted) == ""
    assert too_many_failures(1, 10_000, 0.0)


def test_latencies_are_tolerated_up_to_a_ratio_and_below_a_floor() -> None:
    wanted = Soak(max_latency_ratio=3, latency_floor=LatencyFloor(p50=0.05, p99=0.5))
    fast = {"p50": 0.01, "p99": 0.02}
    assert slower(fast, {"p50": 0.049, "p99": 0.49}, wanted) == []
    assert slower(fast, {"p50": 0.051, "p99": 0.49}, wanted) == [
        "p50 is 51 ms; before the rollout 10 ms"
    ]
    assert len(slower(fast, {"p50": 0.051, "p99": 0.51}, wanted)) == 2
    assert slower({"p50": 0.1, "p99": 0.2}, {"p50": 0.29, "p99": 0.49}, wanted) == []
    assert slower(None, fast, wanted) == slower(fast, None, wanted) == []


def test_responses_are_compared_with_those_before_the_rollout(ctx: Context, tmp_path: Path) -> None:
    traffic = TrafficStats()
    traffic.samples += [Sample(at, 0.01, True) for at in range(100, 140)]
    traffic.samples += [Sample(at, 9.0, True) for at in range(140, 200)]  # while it rolled
    traffic.samples += [Sample(at, 0.2, at % 10 != 0) for at in range(200, 300)]
    compared = Comparison(with_settings(ctx, tmp_path, traffic), rollout_start=140, soak_start=200)
    failing, slow = compared.breaches(over=True)[:2]
    assert failing == "10 of 100 requests failed, more than 1.0%"
    assert slow == "p50 is 200 ms; before the rollout 10 ms"
    assert compared.facts()["p99_ms"] == {"before": 10.0, "after": 200.0}
    # As long as more may come, fewer are held against all that will have been sent.
    assert compared.breaches(over=False)[0].startswith("10 of 300")


def test_without_probes_only_containers_are_watched(ctx: Context, tmp_path: Path) -> None:
    compared = Comparison(with_settings(ctx, tmp_path, None), rollout_start=0, soak_start=0)
    assert compared.breaches(over=True) == []
    assert compared.facts()["requests"] == 0


def with_settings(
    ctx: Context, folder: Path, traffic: TrafficStats | None, seconds: float = 15
) -> Context:
    path = folder / "cosmicdeploy.yaml"
    path.write_text(
        "services: {app: [web], database: db}\napp: {console: [x]}\n"
        f"database: {{name: shop}}\nwatch: {{seconds: {seconds}}}\n"
    )
    return replace(ctx, loaded=load(path, {})).with_run(traffic=traffic)


def test_without_a_replaced_container_nothing_is_watched(ctx: Context, tmp_path: Path) -> None:
    (planned,) = make_plan([SoakStep(name="soak")], with_settings(ctx, tmp_path, None))
    assert planned.finding == Unchanged(reason="no container was replaced")
    ahead = with_settings(ctx, tmp_path, None).with_steps_ahead([ROLLOUT])
    found = SoakStep(name="soak").check(ahead)
    assert isinstance(found, Change) and "15 s" in found.summary


def test_it_can_be_switched_off(ctx: Context, tmp_path: Path) -> None:
    off = with_settings(ctx, tmp_path, None, seconds=0).with_steps_ahead([ROLLOUT])
    assert isinstance(SoakStep(name="soak").check(off), Unchanged)


def test_a_loss_is_counted_where_it_is_seen() -> None:
    traffic = TrafficStats()
    traffic.count(Response(url="x", status=200, seconds=0.1), kept=False)
    assert traffic.samples[0].good and traffic.new.samples and not traffic.kept.samples
