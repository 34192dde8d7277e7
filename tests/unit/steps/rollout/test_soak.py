"""What the soak counts as a breach, and what it tolerates."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.events import Event, Progress
from cosmicdeploy.probes.container_health import InitialState, Observation, observe_containers
from cosmicdeploy.probes.proof import soak_comparison
from cosmicdeploy.probes.proof.soak_comparison import Comparison, slower, too_many_failures
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.settings import LatencyFloor, Soak, load
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.rollout import soak
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from cosmicdeploy.steps.rollout.soak import SoakStep
from cosmicdeploy.traffic.request_stats import Sample
from cosmicdeploy.traffic.response import Response
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from tests.unit.journal.journal_writer import Writer

ROLLOUT = RolloutStep(name="rollout")
HEALTHY = Container(
    id="1", name="web", service="web", project="p", image_id="i", status="running", health="healthy"
)


def observed(container: Container | None, restarts: int = 0) -> Observation:
    engine = SimpleNamespace(
        logs=lambda *_args, **_more: ["the last line"], timed_log_lines=lambda *_args, **_more: []
    )
    ctx: Any = SimpleNamespace(container=lambda _name: container, engine=engine)
    observation = Observation()
    observe_containers(ctx, {"web": InitialState(restarts)}, observation)
    return observation


@pytest.mark.parametrize(
    "container", [HEALTHY, replace(HEALTHY, health="starting"), replace(HEALTHY, health="")]
)
def test_a_healthy_container_is_no_breach(container: Container) -> None:
    assert observed(container) == Observation()
    assert observed(replace(container, restart_count=3), restarts=3) == Observation()


@pytest.mark.parametrize(
    ("container", "breach"),
    [
        (None, "web is gone"),
        (replace(HEALTHY, restart_count=4), "web ended and was restarted (1 time)"),
        (
            replace(HEALTHY, status="exited", exit_code=9, health=""),
            "web ended (it is exited, exit",
        ),
        (replace(HEALTHY, status="restarting", health=""), "web ended (it is restarting"),
        (replace(HEALTHY, oom_killed=True), "web ran out of memory"),
        (replace(HEALTHY, health="unhealthy", last_probe="HTTP 500"), "web is unhealthy"),
    ],
)
def test_an_unhealthy_container_is_reported_with_its_last_log_lines(
    container: Container | None, breach: str
) -> None:
    observation = observed(container, restarts=3)
    assert len(observation.breaches) == 1 and observation.breaches[0].startswith(breach)
    if container is not None:
        assert "web: the last line" in observation.details
    assert bool(observation.restarts) == ("restarted" in breach) and bool(
        observation.oom_killed
    ) == ("mem" in breach)


def test_an_earlier_out_of_memory_is_no_breach() -> None:
    ctx: Any = SimpleNamespace(container=lambda _name: replace(HEALTHY, oom_killed=True))
    observation = Observation()
    observe_containers(ctx, {"web": InitialState(oom_killed=True)}, observation)
    assert observation == Observation()


def test_failed_requests_are_tolerated_up_to_a_share() -> None:
    limit = 0.01
    assert too_many_failures(3, 300, limit) == ""
    assert too_many_failures(4, 300, limit).startswith("4 of 300 requests failed")
    assert too_many_failures(0, 0, limit) == ""
    assert too_many_failures(1, 10_000, 0.0)


def test_latencies_are_tolerated_up_to_a_ratio_and_below_a_floor() -> None:
    limit = Soak(max_latency_ratio=3, latency_floor=LatencyFloor(p50=0.05, p99=0.5))
    fast = {"p50": 0.01, "p99": 0.02}
    assert slower(fast, {"p50": 0.049, "p99": 0.49}, limit) == []
    assert slower(fast, {"p50": 0.051, "p99": 0.49}, limit) == [
        "p50 is 51 ms; before the rollout 10 ms"
    ]
    assert len(slower(fast, {"p50": 0.051, "p99": 0.51}, limit)) == 2
    assert slower({"p50": 0.1, "p99": 0.2}, {"p50": 0.29, "p99": 0.49}, limit) == []
    assert slower(None, fast, limit) == slower(fast, None, limit) == []


def test_responses_are_compared_with_those_before_the_rollout(ctx: Context, tmp_path: Path) -> None:
    traffic = TrafficStats()
    traffic.samples += [Sample(at, 0.01, True) for at in range(100, 140)]
    traffic.samples += [Sample(at, 9.0, True) for at in range(140, 200)]  # during the rollout
    traffic.samples += [Sample(at, 0.2, at % 10 != 0) for at in range(200, 300)]
    comparison = Comparison(
        with_settings(ctx, tmp_path, traffic), rollout_start=140, soak_start=200
    )
    failing, slow = comparison.breaches(over=True)[:2]
    assert failing == "10 of 100 requests failed, more than 1.0%"
    assert slow == "p50 is 200 ms; before the rollout 10 ms"
    assert comparison.facts()["p99_ms"] == {"before": 10.0, "after": 200.0}
    # During the soak, failures are comparison with all requests that it will have sent by its end.
    assert comparison.breaches(over=False)[0].startswith("10 of 300")


def test_without_probes_only_containers_are_observed(ctx: Context, tmp_path: Path) -> None:
    comparison = Comparison(with_settings(ctx, tmp_path, None), rollout_start=0, soak_start=0)
    assert comparison.breaches(over=True) == []
    assert comparison.facts()["requests"] == 0


def with_settings(
    ctx: Context, folder: Path, traffic: TrafficStats | None, seconds: float = 15
) -> Context:
    path = folder / "cosmicdeploy.yaml"
    path.write_text(
        "services: {app: [web], database: db}\napp: {console: [x]}\n"
        f"database: {{name: shop}}\nwatch: {{seconds: {seconds}}}\n"
    )
    return replace(ctx, loaded=load(path, {})).with_run(traffic=traffic)


@pytest.mark.parametrize("is_known", [True, False])
def test_the_soak_says_if_it_is_unknown_what_other_clients_got(
    ctx: Context,
    tmp_path: Path,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    is_known: bool,
) -> None:
    """The access log may not cover the time before the rollout."""
    counts = [{"answers": 9, "errors": 0}] * 2 if is_known else None
    monkeypatch.setattr(soak_comparison, "count_spans", lambda *_args, **_more: counts)
    monkeypatch.setattr(soak, "_initial_states", lambda _ctx: {})
    ctx = replace(ctx, journal=Writer(ctx.journal.path).run("r").intent("rollout").journal)
    traffic = TrafficStats(samples=[Sample(time.time() - 60, 0.01, True)])
    soaking = with_settings(ctx, tmp_path, traffic, seconds=0.01)
    facts = SoakStep(name="soak").apply(soaking, Change(summary="watch"))
    [line] = [event.text for event in events if isinstance(event, Progress)]
    assert line.endswith(f"all well; {soak.CLIENTS_UNKNOWN}") is not is_known
    assert bool(facts["clients"]) is is_known


def test_without_a_replaced_container_there_is_no_soak(ctx: Context, tmp_path: Path) -> None:
    (planned,) = make_plan([SoakStep(name="soak")], with_settings(ctx, tmp_path, None))
    assert planned.finding == Unchanged(reason="no container was replaced")
    with_rollout = with_settings(ctx, tmp_path, None).with_steps_ahead([ROLLOUT])
    found = SoakStep(name="soak").check(with_rollout)
    assert isinstance(found, Change) and "15 s" in found.summary


def test_zero_seconds_switch_the_soak_off(ctx: Context, tmp_path: Path) -> None:
    off = with_settings(ctx, tmp_path, None, seconds=0).with_steps_ahead([ROLLOUT])
    assert isinstance(SoakStep(name="soak").check(off), Unchanged)


def test_a_response_is_counted_for_its_kind_of_connection() -> None:
    traffic = TrafficStats()
    traffic.count(Response(url="x", status=200, seconds=0.1), kept=False)
    assert traffic.samples[0].good and traffic.new.samples and not traffic.kept.samples
