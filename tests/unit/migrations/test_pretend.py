"""The output of `migrate --pretend` of each Artisan version is understood."""

from __future__ import annotations

import pytest

from cosmicdeploy.migrations.pretend import class_name, statements

pytestmark = pytest.mark.unit

USERS = "2014_10_12_000000_create_users_table"
ADD = "2026_02_02_000001_add_x"
EMPTY = "2026_02_03_000001_nothing"
NAMES = [USERS, ADD, EMPTY]

LARAVEL_8 = f"""\
CreateUsersTable: create table `users` (`id` bigint unsigned not null)
CreateUsersTable: alter table `users` add unique `users_email`(`email`)
{ADD}: alter table `x`
  add `y` int null
"""
LARAVEL_10 = f"""\

   INFO  Running migrations.

  CreateUsersTable ....................................................
  ⇂ create table `users` (`id` bigint unsigned not null)
  ⇂ alter table `users` add unique `users_email`(`email`)
  {ADD} ...............................................
  ⇂ alter table `x`
  add `y` int null

  {EMPTY} ............................................

"""


@pytest.mark.parametrize("text", [LARAVEL_8, LARAVEL_10])
def test_the_statements_of_each_migration_are_found(text: str) -> None:
    assert statements(text, NAMES) == {
        USERS: [
            "create table `users` (`id` bigint unsigned not null)",
            "alter table `users` add unique `users_email`(`email`)",
        ],
        ADD: ["alter table `x`\n  add `y` int null"],
        EMPTY: [],
    }


def test_other_output_has_no_statements() -> None:
    assert statements("Nothing to migrate.\nselect 1: x", NAMES) == {n: [] for n in NAMES}


def test_a_class_is_named_as_artisan_names_it() -> None:
    assert class_name(USERS) == "CreateUsersTable"
