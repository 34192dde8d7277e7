"""The requests of the proof, sent to a real server: each failure that a client notices counts."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.http import TIMEOUT_SECONDS
from cosmicdeploy.probes.proof.connection import Request
from cosmicdeploy.probes.proof.fronts import Fronts
from cosmicdeploy.probes.proof.stream import RequestStream
from cosmicdeploy.probes.urls import Front
from cosmicdeploy.settings import load
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from tests.unit.servers import SLOW_SECONDS, Reply, Served, serving

HEARTBEAT_PATH = "/api/devices/heartbeat"


class Heartbeats:
    """A device's heartbeats; the database's responses are scripted, the last one is repeated."""

    lookup_problem = "the database is away"

    def __init__(self, *stored: bool | None, then: Callable[[], None] = lambda: None) -> None:
        self._answers, self._then = list(stored), then
        self.sent: list[str] = []

    def create(self) -> tuple[str, Request]:
        self.sent.append(str(len(self.sent)))
        return self.sent[-1], Request(path=HEARTBEAT_PATH, token="t", body={"id": self.sent[-1]})

    def is_stored(self, _name: str) -> bool | None:
        self._then()
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
def sending(ctx: Context, tmp_path: Path) -> Context:
    """A context that sends 50 requests and 5 heartbeats per second."""
    path = tmp_path / "cosmicdeploy.yaml"
    path.write_text(
        "services: {app: [web], database: db}\napp: {console: [x]}\n"
        "database: {name: shop}\nprobe: {rate: 50, heartbeat_rate: 5}\n"
    )
    return replace(ctx, loaded=load(path, {}))


def send_until(
    ctx: Context,
    served: Served,
    condition: Callable[[TrafficStats], bool],
    beats: Heartbeats | None = None,
) -> TrafficStats:
    """Send requests until the condition holds; return their statistics."""
    fronts = {"app": Front(served.url, "/api/health")}
    found = Fronts(applications=fronts, heartbeats=Front(served.url, ""))
    stream = RequestStream(ctx, found, beats)  # type: ignore[arg-type]
    stream.start()
    end = time.monotonic() + 120
    while not condition(stream.measured) and time.monotonic() < end:
        time.sleep(0.01)
    stream.stop()
    assert condition(stream.measured), stream.measured.facts()
    return stream.measured


def test_a_signal_after_the_last_step_ends_the_wait_for_a_silent_server(sending: Context) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fronts = {"app": Front(f"http://127.0.0.1:{silent.getsockname()[1]}", "/")}
        stream = RequestStream(sending, Fronts(applications=fronts), None)
        stream.start()
        while not stream._unfinished:
            time.sleep(0.01)
        sending.interrupts.has_received = True  # but ignored, so nothing is raised
        started = time.monotonic()
        stream.stop()
        assert time.monotonic() - started < TIMEOUT_SECONDS / 2


def test_each_request_carries_the_host_of_its_front(sending: Context) -> None:
    with serving() as served:
        fronts = {"app": Front(served.url, "/api/health", "shop.example")}
        stream = RequestStream(sending, Fronts(applications=fronts), None)
        stream.start()
        while stream.measured.sent < 10:
            time.sleep(0.01)
        stream.stop()
    assert stream.measured.kept.sent and stream.measured.new.sent
    assert set(served.hosts) == {"shop.example"}


def test_half_of_the_requests_use_new_connections_and_half_reuse_one(sending: Context) -> None:
    with serving() as served:
        stats = send_until(sending, served, lambda traffic: traffic.sent >= 40)
    assert abs(stats.new.sent - stats.kept.sent) <= 1 and stats.failures == []
    assert stats.sent == stats.new.sent + stats.kept.sent == len(served.requests)
    # One connection for each request on a new one, and few for all others.
    assert stats.new.sent < served.connections < stats.new.sent + stats.kept.sent / 2
    assert not stats.broken and stats.facts()["broken"] == ""


@pytest.mark.parametrize(("rate", "share"), [(25, 2), (5, 10), (0.5, 100), (0, None)])
def test_heartbeats_are_as_many_of_the_requests_as_configured(
    sending: Context, rate: float, share: int | None
) -> None:
    """`share` is how many requests there are for each heartbeat; None for no heartbeat at all."""
    probe = sending.settings.probe.model_copy(update={"heartbeat_rate": rate})
    settings = sending.settings.model_copy(update={"probe": probe})
    ctx = replace(sending, loaded=replace(sending.loaded, settings=settings))
    beats = Heartbeats(True)
    with serving() as served:
        stats = send_until(ctx, served, lambda traffic: traffic.sent >= 40, beats)
    expected = -(-stats.sent // share) if share else 0
    # A heartbeat is left out if the one before it has no response yet, on a busy machine.
    assert (expected + 1) // 2 <= len(beats.sent) <= expected + 1, stats.facts()
    assert stats.beats["sent"] == len(beats.sent)
    posted = [each for each in served.requests if each.endswith(HEARTBEAT_PATH)]
    assert len(posted) == len(beats.sent) and bool(posted) is (share is not None)


def test_a_failure_is_counted_for_its_kind_of_connection(sending: Context) -> None:
    with serving(lambda number: "drop" if number == 10 else 200) as served:
        stats = send_until(sending, served, lambda traffic: traffic.sent >= 40)
        assert (
            len(stats.failures) == len(stats.kept.failures) <= 1
        )  # none if the tenth used a new connection
    with serving(lambda number: 500 if number == 10 else 200) as served:
        stats = send_until(sending, served, lambda traffic: traffic.sent >= 40)
    assert len(stats.failures) == 1 and stats.failures[0].startswith(served.url)
    assert len(stats.new.failures) + len(stats.kept.failures) == 1
    assert stats.failure_summary() == f"1 of {stats.sent} requests failed"


def test_a_slow_response_delays_no_other_request(sending: Context) -> None:
    with serving(lambda number: "slow" if number <= 3 else 200) as served:
        stats = send_until(sending, served, lambda traffic: len(traffic.samples) >= 40)
    slow = [sample for sample in stats.samples if sample.seconds >= SLOW_SECONDS]
    first_slow_at = min(sample.at for sample in slow)
    assert len(slow) >= 3
    # A sender that waits for each response would have none before the first slow one.
    assert len(stats.between(0, first_slow_at)) > 3


def test_the_longest_gap_is_between_two_good_responses(sending: Context) -> None:
    with serving(lambda number: 500 if 10 < number <= 30 else 200) as served:
        stats = send_until(sending, served, lambda traffic: traffic.sent >= 40)
    assert stats.longest_gap >= 0.3  # twenty requests, one every 20 ms
    assert stats.facts()["longest_gap_ms"] == round(stats.longest_gap * 1000, 1)


def test_a_503_during_maintenance_is_held_and_makes_no_gap(sending: Context) -> None:
    sending.run.maintenance.open()
    with serving(lambda number: 503) as served:
        stats = send_until(sending, served, lambda traffic: traffic.held >= 20)
    assert stats.failures == [] and stats.samples == [] and not stats.broken
    assert stats.longest_gap == 0


def test_a_503_outside_maintenance_is_a_failure(sending: Context) -> None:
    with serving(lambda number: 503) as served:
        stats = send_until(sending, served, lambda traffic: traffic.sent >= 2)
    assert stats.held == 0 and len(stats.failures) == stats.sent


def test_heartbeats_use_both_kinds_of_connection_and_are_looked_up(sending: Context) -> None:
    beats = Heartbeats(True)
    with serving() as served:
        stats = send_until(sending, served, lambda traffic: traffic.beats["found"] >= 2, beats)
    assert stats.beats == {"sent": 2, "acknowledged": 2, "found": 2}
    bodies = [
        b
        for r, b in zip(served.requests, served.bodies, strict=True)
        if r == f"POST {HEARTBEAT_PATH}"
    ]
    assert bodies == [b'{"id": "0"}', b'{"id": "1"}']


def test_an_acknowledged_heartbeat_that_is_not_stored_breaks_the_promise(
    sending: Context,
) -> None:
    with serving() as served:
        stats = send_until(
            sending, served, lambda traffic: traffic.not_found >= 1, Heartbeats(True, False)
        )
    assert stats.broken and stats.failures == []
    assert stats.failure_summary() == "1 of 2 acknowledged heartbeats were not stored"
    assert stats.new.not_found + stats.kept.not_found == 1


def test_a_release_that_stores_no_ids_breaks_no_promise(sending: Context) -> None:
    with serving() as served:
        stats = send_until(
            sending, served, lambda traffic: bool(traffic.not_looked_up), Heartbeats(False)
        )
    assert stats.not_looked_up == "the running release stores no ids" and not stats.broken


def test_a_429_is_no_failure(sending: Context) -> None:
    with serving(lambda number: 429 if number % 2 else 200) as served:
        stats = send_until(sending, served, lambda traffic: traffic.limited >= 10)
    assert stats.failures == [] and not stats.broken


def test_a_heartbeat_removed_by_a_swap_of_data_is_not_missed(sending: Context) -> None:
    beats = Heartbeats(False, then=sending.run.maintenance.open)
    with serving() as served:
        stats = send_until(
            sending, served, lambda traffic: traffic.beats["acknowledged"] >= 1, beats
        )
    assert stats.not_found == 0 and not stats.broken


def test_the_reason_why_heartbeats_are_not_looked_up_is_reported(sending: Context) -> None:
    with serving() as served:
        stats = send_until(
            sending, served, lambda traffic: bool(traffic.not_looked_up), Heartbeats(None)
        )
    assert stats.not_found == 0
    assert stats.facts()["beats"] == {
        "sent": 1,
        "acknowledged": 1,
        "found": 0,
        "limited": 0,
        "not_looked_up": "the database is away",
    }


def test_heartbeats_pause_until_retry_after_is_over(sending: Context) -> None:
    """More heartbeats would use up the rate limit, which the verification needs too."""
    beats, limited = Heartbeats(True), Reply(429, headers={"Retry-After": "60"})
    with serving(lambda number: limited if number == 1 else 200) as served:
        stats = send_until(sending, served, lambda traffic: traffic.sent >= 40, beats)
    assert served.requests.count(f"POST {HEARTBEAT_PATH}") == 1
    assert (stats.limited, stats.failures) == (1, [])
    assert stats.facts()["beats"]["limited"] == 1  # type: ignore[index]
    assert stats.beats["held_back"] >= 2


def test_applications_take_turns_on_both_kinds_of_connection(sending: Context) -> None:
    with serving() as api, serving(lambda number: 500 if number == 3 else 200) as web:
        fronts = {"api": Front(api.url, "/api/health"), "web": Front(web.url, "/ready")}
        stream = RequestStream(sending, Fronts(applications=fronts), None)
        stream.start()
        end = time.monotonic() + 120
        while stream.measured.sent < 40 and time.monotonic() < end:
            time.sleep(0.01)
        stream.stop()
    own = stream.measured.applications
    assert abs(own["api"].sent - own["web"].sent) <= 1
    assert own["api"].sent + own["web"].sent == stream.measured.sent >= 40
    assert set(api.requests) == {"GET /api/health"} and set(web.requests) == {"GET /ready"}
    assert api.connections > 5 and web.connections > 5, "half on new ones, of each"
    assert (len(own["api"].failures), len(own["web"].failures)) == (0, 1)
    facts = stream.measured.facts()
    gaps = [own[name].longest_gap for name in own]
    assert facts["longest_gap_ms"] == round(max(gaps) * 1000, 1)
    assert set(facts["applications"]) == {"api", "web"}  # type: ignore[call-overload]
