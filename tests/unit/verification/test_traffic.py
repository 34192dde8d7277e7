"""The proof's requests, against a real server: everything that a client would notice is counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.probes.proof.connection import Connection, ConnectionPool, Request, send_once
from cosmicdeploy.probes.proof.stream import RequestStream
from cosmicdeploy.settings import load
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from tests.unit.servers import SLOW_SECONDS, Reply, Served, serving

LOOK = Request(path="/api/health")
BEAT = "/api/devices/heartbeat"


class Heartbeats:
    """A device's heartbeats, with a stand-in for the database."""

    lookup_problem = "the database is away"

    def __init__(self, *found: bool | None, then: Callable[[], None] = lambda: None) -> None:
        self._answers, self._then = list(found), then
        self.sent: list[str] = []

    def create(self) -> tuple[str, Request]:
        self.sent.append(str(len(self.sent)))
        return self.sent[-1], Request(path=BEAT, token="t", body={"id": self.sent[-1]})

    def is_stored(self, _name: str) -> bool | None:
        self._then()
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
def sending(ctx: Context, tmp_path: Path) -> Context:
    """A context with a rate of 50 requests a second."""
    path = tmp_path / "cosmicdeploy.yaml"
    path.write_text(
        "services: {app: [web], database: db}\napp: {console: [x]}\n"
        "database: {name: shop}\nprobe: {rate: 50, heartbeat_rate: 5}\n"
    )
    return replace(ctx, loaded=load(path, {}))


def sent(
    ctx: Context,
    served: Served,
    until: Callable[[TrafficStats], bool],
    beats: Heartbeats | None = None,
) -> TrafficStats:
    """Send requests until the condition holds; return their statistics."""
    stream = RequestStream(ctx, served.url, beats)  # type: ignore[arg-type]
    stream.start()
    end = time.monotonic() + 120
    while not until(stream.measured) and time.monotonic() < end:
        time.sleep(0.01)
    stream.stop()
    assert until(stream.measured), stream.measured.facts()
    return stream.measured


def test_half_of_the_requests_use_new_connections_and_half_kept_ones(sending: Context) -> None:
    with serving() as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 40)
    assert abs(seen.new.sent - seen.kept.sent) <= 1 and seen.failures == []
    assert seen.sent == seen.new.sent + seen.kept.sent == len(served.requests)
    # One for each new request, and few for all the others.
    assert seen.new.sent < served.connections < seen.new.sent + seen.kept.sent / 2
    assert not seen.broken and seen.facts()["broken"] == ""


def test_a_kept_connection_that_was_closed_silently_is_a_failed_request() -> None:
    with serving(lambda number: "drop" if number == 2 else 200) as served:
        connection = Connection(served.url)
        answers = []
        for _ in range(4):
            answers.append(connection.send(LOOK))
            time.sleep(0.05)  # the end of the connection has come
    assert [answer.status for answer in answers] == [200, 200, 0, 200]
    assert "without response" in answers[2].error
    assert served.connections == 2 and len(served.requests) == 3


def test_a_connection_whose_close_was_announced_is_no_loss() -> None:
    with serving(lambda number: "announce") as served:
        connection = Connection(served.url)
        assert [connection.send(LOOK).status for _ in range(3)] == [200] * 3
    assert served.connections == 3


def test_a_connection_that_was_idle_for_long_is_not_reused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cosmicdeploy.probes.proof.connection.IDLE_SECONDS", 0.02)
    with serving(lambda number: "drop") as served:
        connection = Connection(served.url)
        assert connection.send(LOOK).status == 200
        time.sleep(0.05)
        assert connection.send(LOOK).status == 200
    assert served.connections == 2


def test_a_failure_is_counted_for_its_kind_of_connection(sending: Context) -> None:
    with serving(lambda number: "drop" if number == 10 else 200) as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 40)
        assert len(seen.failures) == len(seen.kept.failures) <= 1  # none if the tenth was on a new
    with serving(lambda number: 500 if number == 10 else 200) as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 40)
    assert len(seen.failures) == 1 and seen.failures[0].startswith(served.url)
    assert len(seen.new.failures) + len(seen.kept.failures) == 1
    assert seen.failure_summary() == f"1 of {seen.sent} requests failed"


def test_a_refused_connection_is_a_failure() -> None:
    with serving() as served:
        pass
    assert "refused" in send_once(served.url, LOOK).error
    kept = ConnectionPool(served.url)
    assert "refused" in kept.send(LOOK).error
    kept.close()


def test_a_slow_answer_delays_no_other_request(sending: Context) -> None:
    with serving(lambda number: "slow" if number <= 3 else 200) as served:
        seen = sent(sending, served, lambda traffic: len(traffic.samples) >= 40)
    slow = [one for one in seen.samples if one.seconds >= SLOW_SECONDS]
    first = min(one.at for one in slow)
    assert len(slow) >= 3
    # More came meanwhile than senders that wait could have sent.
    assert len(seen.between(0, first)) > 3


def test_the_longest_gap_is_between_good_answers(sending: Context) -> None:
    with serving(lambda number: 500 if 10 < number <= 30 else 200) as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 40)
    assert seen.longest_gap >= 0.3  # twenty requests, one every 20 ms
    assert seen.facts()["longest_gap_ms"] == round(seen.longest_gap * 1000, 1)


def test_requests_during_maintenance_are_held_and_make_no_gap(sending: Context) -> None:
    sending.run.maintenance.open()
    with serving(lambda number: 503) as served:
        seen = sent(sending, served, lambda traffic: traffic.held >= 20)
    assert seen.failures == [] and seen.samples == [] and not seen.broken
    assert seen.longest_gap == 0


def test_a_503_outside_maintenance_is_a_failure(sending: Context) -> None:
    with serving(lambda number: 503) as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 2)
    assert seen.held == 0 and len(seen.failures) == seen.sent


def test_heartbeats_use_both_kinds_of_connection_and_are_looked_up(sending: Context) -> None:
    beats = Heartbeats(True)
    with serving() as served:
        seen = sent(sending, served, lambda traffic: traffic.beats["found"] >= 2, beats)
    assert seen.beats == {"sent": 2, "acknowledged": 2, "found": 2}
    bodies = [b for r, b in zip(served.requests, served.bodies, strict=True) if r == f"POST {BEAT}"]
    assert bodies == [b'{"id": "0"}', b'{"id": "1"}']


def test_an_acknowledged_heartbeat_that_is_not_stored_breaks_the_promise(
    sending: Context,
) -> None:
    with serving() as served:
        seen = sent(
            sending, served, lambda traffic: traffic.not_found >= 1, Heartbeats(True, False)
        )
    assert seen.broken and seen.failures == []
    assert seen.failure_summary() == "1 of 2 acknowledged heartbeats were not stored"
    assert seen.new.not_found + seen.kept.not_found == 1


def test_a_release_that_stores_no_ids_breaks_no_promise(sending: Context) -> None:
    with serving() as served:
        seen = sent(sending, served, lambda traffic: bool(traffic.not_looked_up), Heartbeats(False))
    assert seen.not_looked_up == "the running release stores no ids" and not seen.broken


def test_an_answer_of_a_rate_limit_is_no_failure(sending: Context) -> None:
    with serving(lambda number: 429 if number % 2 else 200) as served:
        seen = sent(sending, served, lambda traffic: traffic.limited >= 10)
    assert seen.failures == [] and not seen.broken


def test_a_heartbeat_that_a_swap_of_data_removed_is_not_missed(sending: Context) -> None:
    beats = Heartbeats(False, then=sending.run.maintenance.open)
    with serving() as served:
        seen = sent(sending, served, lambda traffic: traffic.beats["acknowledged"] >= 1, beats)
    assert seen.not_found == 0 and not seen.broken


def test_the_reason_why_heartbeats_are_not_looked_up_is_reported(sending: Context) -> None:
    with serving() as served:
        seen = sent(sending, served, lambda traffic: bool(traffic.not_looked_up), Heartbeats(None))
    assert seen.not_found == 0
    assert seen.facts()["beats"] == {
        "sent": 1,
        "acknowledged": 1,
        "found": 0,
        "limited": 0,
        "not_looked_up": "the database is away",
    }


def test_heartbeats_pause_for_as_long_as_the_rate_limit_asks(sending: Context) -> None:
    """More heartbeats would use up the limit for the verification as well."""
    beats, limited = Heartbeats(True), Reply(429, headers={"Retry-After": "60"})
    with serving(lambda number: limited if number == 1 else 200) as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 40, beats)
    assert served.requests.count(f"POST {BEAT}") == 1
    assert (seen.limited, seen.failures) == (1, [])
    assert seen.facts()["beats"]["limited"] == 1  # type: ignore[index]
