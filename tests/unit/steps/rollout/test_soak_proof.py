"""A soak that a rate limit kept from proving anything is no soak that passed."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import NotProven
from cosmicdeploy.probes.proof.soak_comparison import Comparison
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.rollout import soak
from cosmicdeploy.steps.rollout.soak import SoakStep
from cosmicdeploy.traffic.request_stats import Sample
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from tests.unit.steps.rollout.test_soak import with_settings

pytestmark = pytest.mark.unit


def soaked(
    ctx: Context,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    requests: int = 1,
    limited: int = 0,
    beats: tuple[Mapping[str, int], ...] = (),
) -> Mapping[str, Any]:
    """Run the step for 0.2 s; each of its pauses adds requests, and the next counts of heartbeats.

    The heartbeats' counts of the last pause are repeated.
    """
    traffic, left = TrafficStats(), list(beats)
    traffic.beats.update(sent=9, acknowledged=9, limited=0)  # before the soak

    def pause(_ctx: Context, seconds: float) -> None:
        time.sleep(max(0.0, min(seconds, 0.05)))
        traffic.samples += [Sample(time.time(), 0.01, True)] * requests
        traffic.limited += limited
        if left:
            traffic.beats.update(left.pop(0) if len(left) > 1 else left[0])

    monkeypatch.setattr(Context, "sleep", pause)
    monkeypatch.setattr(soak, "_initial_states", lambda _ctx: {})
    monkeypatch.setattr(soak, "MAX_WAIT_SECONDS", 0.5)
    watched = with_settings(ctx, folder, traffic, seconds=0.2)
    return SoakStep(name="soak").apply(watched, Change(summary="watch"))


def test_a_soak_whose_requests_are_all_limited_proves_nothing(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotProven, match="were answered 429") as raised:
        soaked(ctx, tmp_path, monkeypatch, requests=0, limited=1)
    assert "`probe.rate`" in raised.value.todo and raised.value.exit_code == 5


@pytest.mark.parametrize("counts", [{"sent": 1, "limited": 1}, {"held_back": 1}])
def test_a_soak_whose_heartbeats_are_all_limited_proves_nothing(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: Mapping[str, int]
) -> None:
    """Although all other requests were answered."""
    with pytest.raises(NotProven, match="No heartbeat of the soak was acknowledged") as raised:
        soaked(ctx, tmp_path, monkeypatch, beats=(counts,))
    assert "a device of its own" in raised.value.todo
    counted = re.search(r"(\d+) were refused or held back \(429\)$", raised.value.what)
    assert counted and int(counted[1]) > 1


class NoLoops(Counter[str]):
    """Counts that other threads add keys to: a loop over them could fail at any time."""

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("dictionary changed size during iteration")

    keys = items = __iter__  # type: ignore[assignment]


def test_heartbeats_are_counted_while_threads_add_the_first_of_a_kind(
    ctx: Context, tmp_path: Path
) -> None:
    traffic = TrafficStats(beats=NoLoops())
    comparison = Comparison(with_settings(ctx, tmp_path, traffic, seconds=0.2), 0, time.time())
    traffic.beats["held_back"] += 1
    traffic.beats["limited"] += 2
    assert comparison.heartbeats == {"acknowledged": 0, "limited": 3}


def test_a_soak_waits_for_a_heartbeat_that_the_rate_limit_accepts(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, accepted = {"sent": 1, "limited": 1}, {"sent": 1, "acknowledged": 1}
    facts = soaked(ctx, tmp_path, monkeypatch, beats=(*[refused] * 6, accepted))
    assert facts["heartbeats"]["limited"] == 6 and facts["heartbeats"]["acknowledged"]
    assert facts["seconds"] >= 0.2


def test_a_soak_in_which_no_heartbeat_is_due_passes(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = soaked(ctx, tmp_path, monkeypatch)
    assert facts["heartbeats"] == {"acknowledged": 0, "limited": 0} and facts["requests"]
