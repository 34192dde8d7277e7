"""Logs: choosing lines, and showing each line once, in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.logs.entry import Entry, Grep
from cosmicdeploy.operations.logs.follow import Follower, by_time
from cosmicdeploy.operations.logs.outputs import Outputs
from cosmicdeploy.operations.logs.past import past


def entry(text: str, service: str = "app", at: int = 0) -> Entry:
    return Entry(service=service, line=LogLine(at=at, text=text))


def test_grep_shows_a_message_with_its_context() -> None:
    lines = [
        "[1] Device status transition {",
        '  "device_name": "KIOSK-01"',
        "}",
        "[2] something else {",
        '  "device": "x"',
        "}",
    ]
    shown = list(filter(Grep("Device status"), map(entry, lines)))
    assert [each.line.text for each in shown] == lines[:3]


def test_grep_keeps_services_apart() -> None:
    lines = [entry("found {", "a"), entry("other", "b"), entry("  of a", "a"), entry("  of b", "b")]
    assert [e.line.text for e in filter(Grep("found"), lines)] == ["found {", "  of a"]
    assert list(filter(Grep(""), lines)) == lines


class FakeLogs:
    """An engine with the given log lines of each container; following ends with the last line."""

    def __init__(self, **lines: list[int]) -> None:
        self.lines = lines

    def timed_log_lines(self, container_id: str, **named: Any) -> Iterator[LogLine]:
        since = named["since"] or 0
        return (
            LogLine(at=at, text=f"{container_id}:{at}")
            for at in self.lines[container_id]
            if at >= since
        )


def container(container_id: str, started_at: str = "0") -> Container:
    return Container(
        id=container_id,
        name="app",
        service="app",
        project="p",
        image_id="i",
        status="exited",
        started_at=started_at,
    )


def follow_until(follower: Follower, count: int, after_lines: Callable[[int], None]) -> list[str]:
    found, end = list[str](), time.monotonic() + 60
    for entries in follower.entries():
        found += [each.line.text for each in entries]
        after_lines(len(found))
        if len(found) >= count or time.monotonic() > end:
            return found
    return found


def test_following_continues_through_a_restart_and_a_replacement() -> None:
    engine = FakeLogs(a=[1, 2], b=[5, 6])
    present = [container("a")]
    ctx: Any = SimpleNamespace(container=lambda _name: present[-1], emit=lambda _event: None)
    sources = {"app": Outputs(engine)}  # type: ignore[arg-type]
    assert [e.line.text for e in past(ctx, sources)] == ["a:1", "a:2"]

    def replace_container(count: int) -> None:
        if count == 0 and len(present) == 1:
            engine.lines["a"].append(3)
            present.append(container("a", "1"))
        elif count == 1:
            present.append(container("b"))

    assert follow_until(Follower(ctx, sources), 3, replace_container) == ["a:3", "b:5", "b:6"]


def test_lines_that_were_read_come_before_the_engines_error() -> None:
    def container_of(_name: str) -> Container:
        follower._queue.put(entry("the last line"))
        raise EngineError("gone")

    ctx: Any = SimpleNamespace(container=container_of)
    follower, found = Follower(ctx, {"app": Outputs(FakeLogs())}), list[str]()  # type: ignore[arg-type]
    with pytest.raises(EngineError):
        for entries in follower.entries():
            found += [each.line.text for each in entries]
    assert found == ["the last line"]


def test_lines_of_one_service_keep_their_order() -> None:
    entries = [entry("a1", "a", 3), entry("b1", "b", 2), entry("a2", "a", 1)]
    assert [each.line.text for each in by_time(entries)] == ["b1", "a1", "a2"]


def test_a_line_that_the_engine_repeats_is_shown_once() -> None:
    """The engine repeats lines if a log is rotated while it is followed."""
    engine, found = FakeLogs(a=[1, 2, 3, 2, 3, 4]), list[str]()
    source = Outputs(engine)  # type: ignore[arg-type]
    assert len(list(source.past(container("a")))) == 4
    engine.lines["a"] = [4, 5]
    source.follow(container("a"), lambda line: found.append(line.text), threading.Event())
    assert found == ["a:5"]


def test_services_are_merged_by_time() -> None:
    engine = FakeLogs(a=[1, 4], b=[2, 3])
    ctx: Any = SimpleNamespace(container=container, emit=lambda _event: None)
    sources = {name: Outputs(engine) for name in ("a", "b")}  # type: ignore[arg-type]
    assert [e.line.text for e in past(ctx, sources)] == ["a:1", "b:2", "b:3", "a:4"]


@pytest.mark.parametrize("begins_ago", [None, 3600, -5])
def test_without_past_lines_following_begins_now_or_later(begins_ago: int | None) -> None:
    second = 10**9
    now_ = time.time_ns()
    since = None if begins_ago is None else now_ - begins_ago * second
    engine = FakeLogs(a=[now_ - 60 * second, now_ + 60 * second])
    source, found = Outputs(engine, since=since, tail=0), list[int]()  # type: ignore[arg-type]
    assert list(source.past(container("a"))) == []
    source.follow(container("a"), lambda line: found.append(line.at), threading.Event())
    assert found == [now_ + 60 * second]
