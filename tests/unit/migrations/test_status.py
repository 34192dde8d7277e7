"""One reader for what all Artisan versions print."""

from __future__ import annotations

import pytest

from cosmicdeploy.migrations import status as migrations

LARAVEL_8 = """\
+------+------------------------------------------------+-------+
| Ran? | Migration                                      | Batch |
+------+------------------------------------------------+-------+
| Yes  | 2014_10_12_000000_create_users_table           | 1     |
| No   | 2026_02_02_000001_add_heartbeat_management     |       |
+------+------------------------------------------------+-------+
"""
LARAVEL_10 = """\

  Migration name ................................ Batch / Status
  2014_10_12_000000_create_users_table ................. [1] Ran
  2026_02_02_000001_add_heartbeat_management ........... Pending

"""


@pytest.mark.parametrize("status", [LARAVEL_8, LARAVEL_10])
def test_it_finds_what_has_not_run(status: str) -> None:
    assert migrations.is_status(status)
    assert migrations.pending(status) == ["2026_02_02_000001_add_heartbeat_management"]
    assert migrations.names(status) == [
        "2014_10_12_000000_create_users_table",
        "2026_02_02_000001_add_heartbeat_management",
    ]


@pytest.mark.parametrize("said", [" > Command Canceled!", "   WARN  Command cancelled."])
def test_a_console_that_asked_is_told_from_one_that_failed(said: str) -> None:
    assert migrations.was_not_confirmed(f"*  Application In Production!  *\n{said}\n")
    assert not migrations.was_not_confirmed("SQLSTATE[42S01]: Base table or view already exists")


def test_other_output_is_no_status() -> None:
    assert not migrations.is_status("Could not open input file: artisan")
    assert migrations.pending("Could not open input file: artisan") == []
