"""Calls that go on after the wait for them has ended: which of them `finish` waits for."""

from __future__ import annotations

import sys
import threading
from types import CodeType, FrameType
from typing import Any

import pytest

from cosmicdeploy.process import background
from cosmicdeploy.process.background import BackgroundCalls, Call

pytestmark = pytest.mark.unit


class GivenUp(Exception):
    """What a safe point raises."""


def give_up() -> None:
    raise GivenUp


class LeftBehind:
    """Calls that have begun, and whose waits were given up; each ends once it is waited for."""

    def __init__(self, calls: BackgroundCalls) -> None:
        self._calls = calls
        self.releases: dict[str, threading.Event] = {}
        self.waited_for: list[str] = []

    def add(self) -> None:
        released = threading.Event()

        def body(call: Call) -> None:
            if call.begin():
                assert released.wait(30)

        what = f"call {len(self.releases)} has ended"
        self.releases[what] = released
        with pytest.raises(GivenUp):
            self._calls.run({what: body}, give_up)

    def say(self, text: str) -> None:
        what = text.removeprefix("waiting until ")
        self.waited_for.append(what)
        self.releases[what].set()


def test_no_thread_loses_the_calls_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each instruction of one thread's `run`, another thread leaves a call behind.

    Once for an instruction, since a loop over the calls would never end.
    """
    monkeypatch.setattr(background, "NOTICED_WITHIN_SECONDS", 0.001)
    calls = BackgroundCalls()
    left = LeftBehind(calls)
    seen: set[tuple[CodeType, int]] = set()

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename != background.__file__:
            return None
        frame.f_trace_opcodes = True
        instruction = (frame.f_code, frame.f_lasti)
        if event == "opcode" and instruction not in seen:
            seen.add(instruction)
            thread = threading.Thread(target=left.add)
            thread.start()
            thread.join()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        calls.run({"a short call has ended": lambda _call: None}, lambda: None)
    finally:
        sys.settrace(before)
    assert len(left.releases) > 50, "no instruction was traced"
    calls.finish(left.say)
    assert left.waited_for == list(left.releases)


def test_calls_that_began_are_waited_for_even_if_the_next_thread_cannot_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    may_change: list[bool] = []

    def begun(call: Call) -> None:
        may_change.append(call.begin())
        began.set()
        assert go_on.wait(30)
        # As a stop whose second phase asks whether the wait was given up.
        may_change.append(not call.given_up.is_set())
        ended.set()

    start = Call.start

    def start_first(self: Call, body: Any) -> None:
        if self.what != "the first has ended":
            assert began.wait(30)
            raise RuntimeError("can't start new thread")
        start(self, body)

    monkeypatch.setattr(Call, "start", start_first)
    calls = BackgroundCalls()
    bodies = dict.fromkeys(("the first has ended", "the second has ended"), begun)
    with pytest.raises(RuntimeError, match="can't start"):
        calls.run(bodies, lambda: None)
    said: list[str] = []
    threading.Timer(0.1, go_on.set).start()
    calls.finish(said.append)
    assert said == ["waiting until the first has ended"] and ended.is_set()
    assert may_change == [True, False], "the wait for it was not given up"
