"""Polling ends at an accepted result, at the deadline or after the last attempt."""

from __future__ import annotations

from itertools import count

import pytest

from cosmicdeploy.process.polling import poll


def test_polling_ends_with_the_first_accepted_result() -> None:
    numbers = count()
    assert poll(lambda: next(numbers), until=lambda n: n == 3, every=0) == 3


def test_the_last_result_is_returned_at_the_deadline() -> None:
    slept: list[float] = []
    assert poll(lambda: "no", until=lambda _: False, every=1, within=0, sleep=slept.append) == "no"
    assert slept == []


def test_the_last_pause_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    called_at: list[float] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    poll(lambda: called_at.append(now[0]), until=bool, every=2, within=5, sleep=sleep)
    assert called_at == [0, 2, 4, 5]


def test_polling_ends_after_the_given_number_of_attempts() -> None:
    numbers = count(1)
    slept: list[float] = []
    assert (
        poll(lambda: next(numbers), until=lambda _: False, every=7, attempts=3, sleep=slept.append)
        == 3
    )
    assert slept == [7, 7]


def test_each_pause_may_have_its_own_length() -> None:
    pauses, slept = iter([1.0, 2.0, 3.0]), list[float]()
    poll(lambda: 0, until=bool, every=lambda: next(pauses), attempts=3, sleep=slept.append)
    assert slept == [1.0, 2.0]


def test_polling_ends_with_an_exception() -> None:
    with pytest.raises(ZeroDivisionError):
        poll(lambda: 1 / 0, until=bool, every=0)
