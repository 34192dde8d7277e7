"""The lines of a container's log are passed on as they come, and each of them once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from cosmicdeploy.engine.commands.log_follower import LogFollower
from cosmicdeploy.engine.facts import LogLine
from cosmicdeploy.errors import EngineError

pytestmark = pytest.mark.unit

TEXTS = ("first", "", "second", "third\r")


def line(text: str) -> LogLine:
    return LogLine(at=0, text=text, is_stderr=False)


def test_a_line_is_passed_on_before_the_container_ends() -> None:
    passed_on, ended, seen = [], threading.Event(), threading.Event()

    def read(*, follow: bool) -> Iterator[LogLine]:
        yield line("running")
        if follow:
            ended.wait(5)
        yield line("done")

    def on_line(text: str) -> None:
        passed_on.append(text)
        seen.set()

    follower = LogFollower(read, on_line)
    assert seen.wait(5)
    assert passed_on == ["running"]
    ended.set()
    follower.finish()
    assert passed_on == ["running", "done"]


def test_a_log_that_cannot_be_read_fails_nothing() -> None:
    passed_on: list[str] = []

    def read(*, follow: bool) -> Iterator[LogLine]:
        raise EngineError("The logging driver does not support reading")

    LogFollower(read, passed_on.append).finish()
    assert passed_on == ["the log cannot be read: The logging driver does not support reading"]


@pytest.mark.parametrize("before_the_break", range(len(TEXTS) + 1))
def test_each_line_is_passed_on_once_although_the_stream_broke_off(before_the_break: int) -> None:
    passed_on: list[str] = []

    def read(*, follow: bool) -> Iterator[LogLine]:
        for number, text in enumerate(TEXTS):
            if follow and number == before_the_break:
                raise EngineError("The engine's log stream broke off")
            yield line(text)

    LogFollower(read, passed_on.append).finish()
    assert passed_on == ["first", "second", "third"]
