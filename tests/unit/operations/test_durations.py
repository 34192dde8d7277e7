"""Durations and times, as operators write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from cosmicdeploy.errors import UsageError
from cosmicdeploy.operations.durations import parse_duration, parse_time

ZONE = timezone(timedelta(hours=2))
NOW = datetime(2026, 2, 2, 18, 30, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", "2026-02-02T18:28:30+02:00"),
        ("1h30m", "2026-02-02T17:00:00+02:00"),
        ("2d", "2026-01-31T18:30:00+02:00"),
        ("1.5h", "2026-02-02T17:00:00+02:00"),
        ("9:05", "2026-02-02T09:05:00+02:00"),
        ("09:05:07", "2026-02-02T09:05:07+02:00"),
        ("2026-02-01", "2026-02-01T00:00:00+02:00"),
        ("2026-02-01T10:00", "2026-02-01T10:00:00+02:00"),
        ("2026-02-01T10:00:00Z", "2026-02-01T10:00:00+00:00"),
    ],
)
def test_a_time_is_given_as_an_age_a_time_of_day_or_a_date(text: str, expected: str) -> None:
    assert parse_time(text, NOW).isoformat() == expected


@pytest.mark.parametrize("text", ["yesterday", "10", "5 m", "25:00", "10x", "-5m"])
def test_an_invalid_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="neither a duration nor a time") as caught:
        parse_time(text, NOW)
    assert "1h30m" in caught.value.todo
    assert caught.value.what.startswith(repr(text))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("600", 600), ("0", 0), ("2.5", 2.5), ("0.0", 0), ("30s", 30), ("1h30m", 5400), ("1.5m", 90)],
)
def test_a_duration_is_given_in_seconds_or_with_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["soon", "-5", "", "18:30", "5x", "nan", "5 s"])
def test_an_invalid_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration") as caught:
        parse_duration(text)
    assert "1h30m" in caught.value.todo


@pytest.mark.parametrize("text", ["9999999d", "9" * 400 + "d", "1000000001s", "300000h9d"])
def test_an_age_longer_than_a_clock_can_count_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is too long") as caught:
        parse_time(text, NOW)
    with pytest.raises(UsageError, match="is too long"):
        parse_duration(text)
    longest = caught.value.todo.removeprefix("write at most ")
    assert parse_duration(longest) == 11_574 * 86_400


def test_a_number_of_seconds_that_no_timer_can_wait_is_refused() -> None:
    with pytest.raises(UsageError, match="is too long"):
        parse_duration("9" * 400)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59", "1969-12-31", "2200-01-01"])
def test_a_time_that_cannot_be_counted_in_nanoseconds_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not in the years 1970 to 2199"):
        parse_time(text, NOW)


@pytest.mark.parametrize("text", ["1970-01-01", "2199-12-31"])
def test_the_first_and_the_last_year_are_accepted(text: str) -> None:
    assert parse_time(text, NOW).date().isoformat() == text
