"""Counts and times as text."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from cosmicdeploy.database.restore.manifest_diff import RowDifference
from cosmicdeploy.operations.rollback_preview import Loss
from cosmicdeploy.text.formatting import (
    counted,
    format_percent,
    format_short_timestamp,
    format_time,
    format_timestamp,
)

pytestmark = pytest.mark.unit


def test_a_count_of_one_is_singular() -> None:
    assert counted(0, "row") == "no row"
    assert counted(1, "address", "addresses") == "1 address"
    assert counted(2, "address", "addresses") == "2 addresses"
    assert counted(2000, "row") == "2,000 rows"


def test_the_rows_that_a_rollback_changes_are_counted() -> None:
    [one, more] = [
        RowDifference(table="t", backup=1, now=2),
        RowDifference(table="u", backup=9, now=5),
    ]
    backup: Any = None
    assert Loss(backup=backup, tables=[one]).rows == "1 newer row is lost, in 1 table"
    both = "1 newer row is lost, 4 deleted rows are restored, in 2 tables"
    assert Loss(backup=backup, tables=[one, more]).rows == both


def test_times_are_in_the_local_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "WIB-7")
        time.tzset()
        assert format_time(datetime(2026, 2, 2, 20, 0, 1, tzinfo=UTC)) == "2026-02-03 03:00:01"
        assert format_timestamp("2026-02-02T20:00:01.5+00:00") == "2026-02-03 03:00:01"
        assert format_short_timestamp("2026-02-02T20:00:01.123456789Z") == "02-03 03:00:01"
    time.tzset()


def test_text_that_is_no_time_is_unchanged() -> None:
    assert format_timestamp("yesterday") == "yesterday"
    assert format_short_timestamp("0001-01-01T00:00:00Z") == format_short_timestamp("") == ""


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (1e-9, "<0.01%"),
        (0.00001, "<0.01%"),
        (0.0001, "0.01%"),
        (0.005, "0.50%"),
        (0.5, "50.0%"),
        (0.995, "99.50%"),
        (0.9999, "99.99%"),
        (0.99999, ">99.99%"),
        (1, "100%"),
    ],
)
def test_only_none_and_all_are_shown_as_0_and_100_percent(share: float, text: str) -> None:
    assert format_percent(share) == text
