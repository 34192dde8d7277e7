"""The output of each version of Artisan, Laravel's console, is understood."""

from __future__ import annotations

import pytest

from cosmicdeploy.database import bookkeeping
from cosmicdeploy.migrations.frameworks.answers.listing import NotFitting
from cosmicdeploy.migrations.frameworks.reading import framework
from cosmicdeploy.migrations.frameworks.sql import class_name
from cosmicdeploy.settings.sections.database import Migrate
from tests.unit.migrations.frameworks.asking import listing, pending_of, statements

pytestmark = pytest.mark.unit

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
COLORED = LARAVEL_10.replace("Pending", "\x1b[33;1mPending\x1b[39;22m").replace(".\n", ".\r\n")

USERS = "2014_10_12_000000_create_users_table"
ADD = "2026_02_02_000001_add_x"
EMPTY = "2026_02_03_000001_nothing"
NAMES = [USERS, ADD, EMPTY]
PRETEND_8 = f"""\
CreateUsersTable: create table `users` (`id` bigint unsigned not null)
CreateUsersTable: alter table `users` add unique `users_email`(`email`)
{ADD}: alter table `x`
  add `y` int null
"""
PRETEND_10 = f"""\

   INFO  Running migrations.

  CreateUsersTable ....................................................
  ⇂ create table `users` (`id` bigint unsigned not null)
  ⇂ alter table `users` add unique `users_email`(`email`)
  {ADD} ...............................................
  ⇂ alter table `x`
  add `y` int null

  {EMPTY} ............................................

"""


@pytest.mark.parametrize("text", [LARAVEL_8, LARAVEL_10, COLORED])
def test_pending_migrations_are_found(text: str) -> None:
    listed = listing("laravel", text)
    assert listed.pending == ("2026_02_02_000001_add_heartbeat_management",)
    assert listed.names == (USERS, "2026_02_02_000001_add_heartbeat_management")


@pytest.mark.parametrize("message", [" > Command Canceled!", "   WARN  Command cancelled."])
def test_an_unanswered_confirmation_is_distinguished_from_a_failure(message: str) -> None:
    laravel = framework("laravel")
    assert laravel.was_not_confirmed(f"*  Application In Production!  *\n{message}\n")
    assert not laravel.was_not_confirmed("SQLSTATE[42S01]: Base table or view already exists")


@pytest.mark.parametrize("text", ["", "Could not open input file: artisan", "Nothing to migrate."])
def test_other_output_is_not_a_status(text: str) -> None:
    with pytest.raises(NotFitting):
        listing("laravel", text)


def test_a_missing_table_is_recognized() -> None:
    pending = pending_of(framework("laravel"))
    assert pending.is_absent("Migration table not found.")
    assert not pending.is_absent(LARAVEL_10)


@pytest.mark.parametrize("text", [PRETEND_8, PRETEND_10])
def test_the_statements_of_each_migration_are_found(text: str) -> None:
    assert statements("laravel", text, NAMES) == {
        USERS: [
            "create table `users` (`id` bigint unsigned not null)",
            "alter table `users` add unique `users_email`(`email`)",
        ],
        ADD: ["alter table `x`\n  add `y` int null"],
        EMPTY: [],
    }


def test_other_output_has_no_statements() -> None:
    text = "Nothing to migrate.\nselect 1: x"
    assert statements("laravel", text, NAMES) == {name: [] for name in NAMES}


def test_a_migration_may_do_what_no_statement_shows() -> None:
    assert not framework("laravel").shows_all_changes


def test_a_class_is_named_as_artisan_names_it() -> None:
    sql = framework("laravel").definition.sql
    assert sql and sql.class_name
    assert class_name(USERS, sql.class_name) == "CreateUsersTable"
    assert class_name("plain", sql.class_name) == "Plain"


def test_the_defaults_of_the_settings_are_the_commands_of_the_file() -> None:
    definition, migrate = framework("laravel").definition, Migrate()
    assert definition.run == migrate.command
    assert definition.pending and definition.pending.command == migrate.status
    assert definition.sql and definition.sql.all == migrate.pretend
    assert definition.down and definition.down.command == migrate.rollback


def test_exactly_the_last_migrations_are_rolled_back() -> None:
    laravel = framework("laravel")
    assert laravel.rolls_back_the_last
    assert laravel.commands_down([ADD, EMPTY], [USERS]) == [
        ["php", "artisan", "migrate:rollback", "--force", "--step=2"]
    ]


def test_the_table_is_the_one_that_the_deployer_reads_by_default() -> None:
    assert framework("laravel").bookkeeping == bookkeeping.LARAVEL
