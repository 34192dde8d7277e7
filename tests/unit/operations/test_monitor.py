"""The monitor's events: transitions, flapping, container states and log lines."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import DatabaseError, EngineError, EngineUnavailable, UsageError
from cosmicdeploy.operations.logs.source import Push
from cosmicdeploy.operations.monitor import log_lines
from cosmicdeploy.probes.monitor.event import (
    DEFAULT_TOPICS,
    MonitorEvent,
    chosen_topics,
    polling_collector,
)
from cosmicdeploy.probes.monitor.health import ContainerState as State
from cosmicdeploy.probes.monitor.health import Health, change, summary
from cosmicdeploy.probes.monitor.tables import describe_missing
from cosmicdeploy.probes.monitor.transition import Deduplicator, Flapping
from cosmicdeploy.probes.monitor.transition_lines import ParsedLine, TransitionLines
from tests.unit.operations.monitor_events import transition_event

pytestmark = pytest.mark.unit

TRANSITION = "Device status transition"
CREATED = State(id="1", state="created", started_at="0001-01-01T00:00:00Z")
EXITED = State(id="1", state="exited", started_at="2026-02-02T18:30:00Z")
CONTEXT = {"device_id": 7, "device_name": "KIOSK-07", "to_status": "Connected"}


def parsed(*lines: str) -> list[ParsedLine]:
    reader = TransitionLines(TRANSITION)
    return [found for line in lines for found in reader.take(line)]


def test_the_context_of_a_transition_may_take_one_line_or_several() -> None:
    on_one_line = f"[2026-02-02] production.INFO: {TRANSITION} {json.dumps(CONTEXT)} []"
    on_several = f"[2026-02-02] {TRANSITION} {json.dumps(CONTEXT, indent=2)}".split("\n")
    for lines in ([on_one_line], on_several):
        found = parsed("before", *lines, "after")
        assert [each.context for each in found] == [None, CONTEXT, None]


def test_an_incomplete_context_hides_no_line_and_no_transition() -> None:
    endless = [f"line {number}" for number in range(30)]
    found = parsed(f"{TRANSITION} {{", *endless, f"{TRANSITION} {json.dumps(CONTEXT)}")
    assert [each.text for each in found[:-1]] == [f"{TRANSITION} {{", *endless]
    assert found[-1].context == CONTEXT
    cut = parsed(f"{TRANSITION} {{", '  "device_id": 1,', f"{TRANSITION} {json.dumps(CONTEXT)}")
    assert [each.context for each in cut] == [None, None, CONTEXT]
    assert parsed(f"{TRANSITION} without more")[0].context == {}


def test_a_context_that_is_nested_too_deeply_hides_no_line() -> None:
    nested = f"{TRANSITION} " + '{"a":' * 100_000
    last = f"{TRANSITION} {json.dumps(CONTEXT)}"
    assert [each.text for each in parsed(nested, last)] == [nested, last]


def test_a_transition_from_several_sources_is_reported_once_and_again_when_repeated() -> None:
    once, off = Deduplicator(), "Temporarily Offline"
    new = [
        once.is_new(transition_event(at, to, origin))
        for at, to, origin in (
            (100.0, off, "output"),
            (100.2, off, "database"),
            (101.0, "Connected", "output"),
            (102.0, off, "output"),  # a device that flaps
            (102.1, off, "database"),
            (101.1, "Connected", "database"),
            (102.1, off, "changes"),
            (130.0, off, "database"),
        )
    ]
    assert new == [True, False, True, True, False, False, False, True]


def test_flapping_begins_above_the_limit_and_ends_at_half_of_it() -> None:
    now, flapping = time.time(), Flapping(3, 300)
    for number in range(3):
        flapping.count(transition_event(now - number, "Connected", "output"))
    assert list(flapping.state_changes()) == []
    flapping.count(transition_event(now, "Connected", "output"))
    flapping.count(transition_event(now - 400, "Connected", "database", device=8))
    assert [turn.text for turn in flapping.state_changes()] == [
        "KIOSK-07 flaps: 4 transitions in 300 s"
    ]
    assert list(flapping.state_changes()) == []
    assert flapping.view_event().facts["rows"] == [{"device_name": "KIOSK-07", "transitions": 4}]


def test_topics_are_chosen_by_name() -> None:
    assert chosen_topics([]) == DEFAULT_TOPICS
    assert chosen_topics(["app, latency", "app"]) == ("app", "latency")
    with pytest.raises(UsageError, match="did you mean 'transitions'"):
        chosen_topics(["transition"])


def test_the_failure_of_a_source_and_its_recovery_are_reported_once_each() -> None:
    stop, answers = threading.Event(), iter([True, False, False, True])

    def look() -> Iterator[MonitorEvent]:
        if not next(answers):
            raise DatabaseError("gone")
        yield transition_event(1, "Connected", "database")

    texts = []
    for event in polling_collector("the database", 0.0, look)(stop):
        texts.append(event.topic if event.topic != "monitor" else event.text)
        if len(texts) == 4:
            stop.set()
    assert texts == [
        "transitions",
        "the database cannot be queried, trying again: gone",
        "transitions",
        "the database can be queried again, after 0 s",
    ]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (State(id="1", state="healthy"), State(id="1", state="healthy"), ""),
        (State(id="1", state="healthy"), State(id="1", state="unhealthy"), "is unhealthy"),
        (State(id="1"), State(id="2", state="starting"), "was replaced; now starting (release 2)"),
        (State(id="1"), State(), "is gone"),
        (State(), State(id="1", state="running"), "was created; now running (release 2)"),
        (State(id="1"), State(id="1", restarts=1), "ended and was restarted; now missing"),
        (CREATED, replace(EXITED, state="running"), "was started; now running"),
        (replace(EXITED, started_at=""), EXITED, "was started again; now exited"),
        (replace(EXITED, state="running"), EXITED, "is exited"),
    ],
)  # fmt: skip
def test_a_change_of_a_container_is_described(before: State, now: State, expected: str) -> None:
    assert change(before, now, "2") == expected


def test_the_summary_names_the_containers_that_are_not_healthy() -> None:
    states = {
        "app": State(id="1", state="healthy"),
        "db": State(id="2", state="exited"),
        "web": State(),
    }
    assert summary(states) == "2 containers, db is exited, web is missing"


def test_a_change_is_reported_even_if_the_first_attempt_to_describe_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def container(id_: str) -> Container:
        return Container(
            id=id_, name="app", service="app", project="shop", image_id="i", status="running"
        )

    running = {"app": container("1")}
    failing: list[str] = []

    def release_of(_ctx: object, container: Container) -> str:
        if container.id in failing:
            raise EngineError("gone")
        return f"of {container.id}"

    stack: Any = SimpleNamespace(
        settings=SimpleNamespace(services=SimpleNamespace(all=["app"])),
        container=running.get,
        engine=SimpleNamespace(container=lambda _: running["app"]),
    )
    monkeypatch.setattr("cosmicdeploy.probes.monitor.health.release_of", release_of)
    health = Health(stack)
    assert [each.text for each in health.poll()] == ["", "1 container, all well"]
    running["app"] = container("2")
    failing.append("2")
    with pytest.raises(EngineError):
        list(health.poll())
    failing.clear()
    texts = [each.text for each in health.poll()]
    assert texts == ["", "was replaced; now running (release of 2)"]


def test_missing_tables_and_columns_are_named() -> None:
    assert describe_missing("remotes", ["id"], set()) == "there is no table remotes"
    assert describe_missing("remotes", ["id", "status"], {"id"}) == "remotes has no column status"
    assert describe_missing("remotes", ["id"], {"id", "more"}) == ""


class OneLine:
    """A log with one line so far, and one more when followed."""

    one_at_a_time = False

    def past(self, container: Container) -> Iterator[LogLine]:
        yield LogLine(at=10**9, text="before")

    def follow(self, container: Container, push: Push, over: threading.Event) -> None:
        push(LogLine(at=2 * 10**9, text=f"{TRANSITION} {json.dumps(CONTEXT)}"))
        over.wait()


def test_logs_are_read_further_once_the_engine_answers_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_lines, "RETRY_AFTER", 0.0)
    errors = iter([EngineUnavailable("No engine"), None, EngineUnavailable("No engine")])

    def container(name: str) -> Container:
        if error := next(errors, None):
            raise error
        return Container(
            id="1", name=name, service=name, project="p", image_id="i", status="running"
        )

    monitoring = SimpleNamespace(transition=TRANSITION)
    ctx: Any = SimpleNamespace(container=container, settings=SimpleNamespace(monitoring=monitoring))
    collect = log_lines.LogLines(ctx, {"app-1": OneLine()}, {"app-1": "app"}, "output")
    stop, events = threading.Event(), []
    for event in collect(stop):
        events.append((event.topic, event.text.partition(":")[0]))
        if event.topic == "transitions":
            stop.set()
    assert events == [
        ("monitor", "logs cannot be read, trying again"),
        ("monitor", "logs are read again, from where they stopped"),
        ("app", "before"),
        ("monitor", "logs cannot be read, trying again"),
        ("monitor", "logs are read again, from where they stopped"),
        ("transitions", "KIOSK-07"),
    ]
