"""Polling looks at least once, and ends with the first good result, the time or the attempts."""

from __future__ import annotations

from itertools import count

import pytest

from cosmicdeploy.polling import poll


def test_the_first_good_result_ends_it() -> None:
    numbers = count()
    assert poll(lambda: next(numbers), until=lambda n: n == 3, every=0) == 3


def test_the_last_result_is_returned_when_the_time_is_over() -> None:
    slept: list[float] = []
    assert poll(lambda: "no", until=lambda _: False, every=1, within=0, sleep=slept.append) == "no"
    assert slept == []


def test_the_last_pause_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    looked: list[float] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    poll(lambda: looked.append(now[0]), until=bool, every=2, within=5, sleep=sleep)
    assert looked == [0, 2, 4, 5]


def test_attempts_are_counted() -> None:
    numbers = count(1)
    slept: list[float] = []
    assert (
        poll(lambda: next(numbers), until=lambda _: False, every=7, attempts=3, sleep=slept.append)
        == 3
    )
    assert slept == [7, 7]


def test_the_pause_may_change_between_looks() -> None:
    pauses, slept = iter([1.0, 2.0, 3.0]), list[float]()
    poll(lambda: 0, until=bool, every=lambda: next(pauses), attempts=3, sleep=slept.append)
    assert slept == [1.0, 2.0]


def test_an_exception_ends_it() -> None:
    with pytest.raises(ZeroDivisionError):
        poll(lambda: 1 / 0, until=bool, every=0)
