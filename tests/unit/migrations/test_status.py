"""The output of `migrate:status` of each Artisan version is understood."""

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
def test_pending_migrations_are_found(status: str) -> None:
    assert migrations.is_status(status)
    assert migrations.pending(status) == ["2026_02_02_000001_add_heartbeat_management"]
    assert migrations.names(status) == [
        "2014_10_12_000000_create_users_table",
        "2026_02_02_000001_add_heartbeat_management",
    ]


@pytest.mark.parametrize("message", [" > Command Canceled!", "   WARN  Command cancelled."])
def test_an_unanswered_confirmation_is_distinguished_from_a_failure(message: str) -> None:
    assert migrations.was_not_confirmed(f"*  Application In Production!  *\n{message}\n")
    assert not migrations.was_not_confirmed("SQLSTATE[42S01]: Base table or view already exists")


def test_other_output_is_not_a_status() -> None:
    assert not migrations.is_status("Could not open input file: artisan")
    assert migrations.pending("Could not open input file: artisan") == []
