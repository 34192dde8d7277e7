"""The proof, against a real server: nothing that a client would notice may go uncounted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.probes.proof.connection import Connection, Kept, Request, ask_once
from cosmicdeploy.probes.proof.stream import Stream
from cosmicdeploy.settings import load
from cosmicdeploy.traffic.request_stats import TrafficStats
from tests.unit.servers import SLOW_SECONDS, Reply, Served, serving

LOOK = Request(path="/api/health")
BEAT = "/api/devices/heartbeat"


class Beats:
    """A device's beats, with a database that has what it is told."""

    why_not = "the database is away"

    def __init__(self, *found: bool | None, then: Callable[[], None] = lambda: None) -> None:
        self._answers, self._then = list(found), then
        self.sent: list[str] = []

    def make(self) -> tuple[str, Request]:
        self.sent.append(str(len(self.sent)))
        return self.sent[-1], Request(path=BEAT, token="t", body={"id": self.sent[-1]})

    def found(self, _name: str) -> bool | None:
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
    ctx: Context, served: Served, until: Callable[[TrafficStats], bool], beats: Beats | None = None
) -> TrafficStats:
    """The traffic up to the moment in which it is as wanted."""
    stream = Stream(ctx, served.url, beats)  # type: ignore[arg-type]
    stream.start()
    end = time.monotonic() + 120
    while not until(stream.measured) and time.monotonic() < end:
        time.sleep(0.01)
    stream.stop()
    assert until(stream.measured), stream.measured.facts()
    return stream.measured


def test_half_is_on_new_connections_and_half_on_kept_ones(sending: Context) -> None:
    with serving() as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 40)
    assert abs(seen.new.sent - seen.kept.sent) <= 1 and seen.failures == []
    assert seen.sent == seen.new.sent + seen.kept.sent == len(served.requests)
    # One for each new request, and few for all the others.
    assert seen.new.sent < served.connections < seen.new.sent + seen.kept.sent / 2
    assert not seen.broken and seen.facts()["broken"] == ""


def test_a_kept_connection_closed_in_silence_is_a_lost_request_and_is_opened_again() -> None:
    with serving(lambda number: "drop" if number == 2 else 200) as served:
        connection = Connection(served.url)
        answers = []
        for _ in range(4):
            answers.append(connection.ask(LOOK))
            time.sleep(0.05)  # the end of the connection has come
    assert [answer.status for answer in answers] == [200, 200, 0, 200]
    assert "without response" in answers[2].error
    assert served.connections == 2 and len(served.requests) == 3


def test_a_connection_whose_end_was_announced_is_no_loss() -> None:
    with serving(lambda number: "announce") as served:
        connection = Connection(served.url)
        assert [connection.ask(LOOK).status for _ in range(3)] == [200] * 3
    assert served.connections == 3


def test_one_that_idled_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cosmicdeploy.probes.proof.connection.IDLE_SECONDS", 0.02)
    with serving(lambda number: "drop") as served:
        connection = Connection(served.url)
        assert connection.ask(LOOK).status == 200
        time.sleep(0.05)
        assert connection.ask(LOOK).status == 200
    assert served.connections == 2


def test_a_loss_is_counted_at_its_own_sort_of_connections(sending: Context) -> None:
    with serving(lambda number: "drop" if number == 10 else 200) as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 40)
        assert len(seen.failures) == len(seen.kept.failures) <= 1  # none if the tenth was on a new
    with serving(lambda number: 500 if number == 10 else 200) as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 40)
    assert len(seen.failures) == 1 and seen.failures[0].startswith(served.url)
    assert len(seen.new.failures) + len(seen.kept.failures) == 1
    assert seen.failure_summary() == f"1 of {seen.sent} requests failed"


def test_nobody_there_is_a_loss_too() -> None:
    with serving() as served:
        pass
    assert "refused" in ask_once(served.url, LOOK).error
    kept = Kept(served.url)
    assert "refused" in kept.ask(LOOK).error
    kept.close()


def test_a_slow_answer_holds_up_no_other_request(sending: Context) -> None:
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


def test_what_is_turned_away_on_purpose_is_held_and_makes_no_gap(sending: Context) -> None:
    sending.window.open()
    with serving(lambda number: 503) as served:
        seen = sent(sending, served, lambda traffic: traffic.held >= 20)
    assert seen.failures == [] and seen.samples == [] and not seen.broken
    assert seen.longest_gap == 0


def test_turned_away_without_a_purpose_is_a_loss(sending: Context) -> None:
    with serving(lambda number: 503) as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 2)
    assert seen.held == 0 and len(seen.failures) == seen.sent


def test_beats_are_sent_on_both_sorts_and_found_again(sending: Context) -> None:
    beats = Beats(True)
    with serving() as served:
        seen = sent(sending, served, lambda traffic: traffic.beats["found"] >= 2, beats)
    assert seen.beats == {"sent": 2, "acknowledged": 2, "found": 2}
    bodies = [b for r, b in zip(served.requests, served.bodies, strict=True) if r == f"POST {BEAT}"]
    assert bodies == [b'{"id": "0"}', b'{"id": "1"}']


def test_a_beat_that_was_acknowledged_and_is_not_stored_breaks_the_promise(
    sending: Context,
) -> None:
    with serving() as served:
        seen = sent(sending, served, lambda traffic: traffic.not_found >= 1, Beats(True, False))
    assert seen.broken and seen.failures == []
    assert seen.failure_summary() == "1 of 2 acknowledged beats were not stored"
    assert seen.new.not_found + seen.kept.not_found == 1


def test_a_release_that_stores_no_ids_is_not_held_against_the_deploy(sending: Context) -> None:
    with serving() as served:
        seen = sent(sending, served, lambda traffic: bool(traffic.not_looked_up), Beats(False))
    assert seen.not_looked_up == "the release that runs stores no ids" and not seen.broken


def test_being_limited_is_no_failure(sending: Context) -> None:
    with serving(lambda number: 429 if number % 2 else 200) as served:
        seen = sent(sending, served, lambda traffic: traffic.limited >= 10)
    assert seen.failures == [] and not seen.broken


def test_a_beat_that_an_exchange_of_data_took_away_is_not_missed(sending: Context) -> None:
    beats = Beats(False, then=sending.window.open)
    with serving() as served:
        seen = sent(sending, served, lambda traffic: traffic.beats["acknowledged"] >= 1, beats)
    assert seen.not_found == 0 and not seen.broken


def test_why_a_beat_was_not_looked_for_is_told(sending: Context) -> None:
    with serving() as served:
        seen = sent(sending, served, lambda traffic: bool(traffic.not_looked_up), Beats(None))
    assert seen.not_found == 0
    assert seen.facts()["beats"] == {
        "sent": 1,
        "acknowledged": 1,
        "found": 0,
        "limited": 0,
        "not_looked_up": "the database is away",
    }


def test_beats_pause_as_long_as_the_limit_asks(sending: Context) -> None:
    """More of them would keep the limit used up for verification too."""
    beats, limited = Beats(True), Reply(429, headers={"Retry-After": "60"})
    with serving(lambda number: limited if number == 1 else 200) as served:
        seen = sent(sending, served, lambda traffic: traffic.sent >= 40, beats)
    assert served.requests.count(f"POST {BEAT}") == 1
    assert (seen.limited, seen.failures) == (1, [])
    assert seen.facts()["beats"]["limited"] == 1  # type: ignore[index]
