"""The output of Rails, Doctrine, Knex, Prisma and Flyway is understood."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Any

import pytest
import yaml

from cosmicdeploy.migrations.frameworks.answers.listing import NotFitting
from cosmicdeploy.migrations.frameworks.reading import FOLDER, framework
from cosmicdeploy.migrations.frameworks.sql import Sql
from tests.unit.migrations.frameworks.asking import listing, pending_of

pytestmark = pytest.mark.unit

RAILS = """\

database: shop_production

 Status   Migration ID    Migration Name
--------------------------------------------------
   up     20250101000000  ********** NO FILE **********
   up     20260101000000  Create articles
  down    20260202000000  Add price to articles

"""
DOCTRINE = r"""
+-------------------------------------------+------------------------+---------------------+
| Migration Versions                                                 |                     |
+-------------------------------------------+------------------------+---------------------+
| Migration                                 | Status                 | Migrated At         |
+-------------------------------------------+------------------------+---------------------+
| DoctrineMigrations\Version20250101000000  | migrated, not available| 2025-01-01 00:00:00 |
| DoctrineMigrations\Version20260101000000  | migrated               | 2026-01-01 00:00:00 |
| DoctrineMigrations\Version20260202000000  | not migrated           |                     |
+-------------------------------------------+------------------------+---------------------+
"""
ADD = r"DoctrineMigrations\Version20260202000000"
MOVE = r"DoctrineMigrations\Version20260303000000"
NOTHING = r"DoctrineMigrations\Version20260404000000"
DOCTRINE_SQL = rf"""[notice] Migrating (dry-run) up to {NOTHING}
[info] ++ migrating {ADD} (Adds the price)
[debug] ALTER TABLE article ADD price INT DEFAULT NULL,
  ADD currency VARCHAR(3) DEFAULT NULL{" "}
[debug] CREATE INDEX price ON article (price){" "}
[info] Migration {ADD} migrated (took 4ms, used 20M memory)
[info] ++ migrating {MOVE}
[debug] UPDATE article SET price = ? WHERE id > 1 with parameters (7)
[info] Migration {MOVE} migrated (took 4ms, used 20M memory)
[info] ++ migrating {NOTHING}
[warning] Migration {NOTHING} was executed but did not result in any SQL statements.
[notice] finished in 12.2ms, used 20M memory, 3 migrations executed, 3 sql queries

 [OK] Successfully migrated to version: {NOTHING}
"""  # noqa: S608 - what a program prints
# Printed by Knex 3.3 with SQLite; 0.95 prints a blank after each name.
KNEX = """\
Using environment: production
Found 1 Completed Migration file/files.
20260101000000_create_articles.js
Found 2 Pending Migration file/files.
20260202000000_add_price.js
20260303000000_fails.js

"""
KNEX_0_95 = KNEX.replace(".js\n", ".js \n")
PRISMA = """\
Environment variables loaded from .env
Prisma schema loaded from prisma/schema.prisma
Datasource "db": MySQL database "shop" at "db:3306"

3 migrations found in prisma/migrations
Following migrations have not yet been applied:
20260202000000_add_price
20260303000000_index

To apply migrations in development run prisma migrate dev.
To apply migrations in production run prisma migrate deploy.
"""


def flyway(*states: tuple[str, str], **more: Any) -> str:
    """Return Flyway's answer: a version, "" for a repeatable migration, and its state, of each."""
    migrations = [
        {
            "category": "Versioned" if version else "Repeatable",
            "version": version,
            "description": f"step {version}".strip(),
            "type": "SQL",
            "installedOnUTC": "",
            "state": state,
            "undoable": "No",
            "filepath": f"/flyway/sql/V{version}__step.sql",
            "installedBy": "",
            "executionTime": 0,
        }
        for version, state in states
    ]
    document = {"schemaName": "shop", "migrations": migrations, "operation": "info", **more}
    return json.dumps(document, indent=2)


def test_rails_lists_what_is_down() -> None:
    listed = listing("rails", RAILS)
    assert listed.pending == ("20260202000000",)
    assert listed.names == ("20260101000000", "20260202000000"), "one has no file"
    assert listing("rails", RAILS.partition("   up")[0]).names == ()


@pytest.mark.parametrize(
    "line", ["  gone    20260202000000  Add price\n", "  up 1\n  sideways 123  x\n"]
)
def test_rails_lists_no_unknown_state(line: str) -> None:
    with pytest.raises(NotFitting, match="no known state"):
        listing("rails", RAILS + line)


def test_rails_says_that_its_table_does_not_exist() -> None:
    pending = pending_of(framework("rails"))
    assert pending.is_absent("Schema migrations table does not exist yet.\n")
    assert not pending.has_answered(1)


def test_rails_goes_back_by_version_the_newest_first() -> None:
    assert framework("rails").commands_down(["20260101", "20260202"], []) == [
        ["bin/rails", "db:migrate:down", "VERSION=20260202"],
        ["bin/rails", "db:migrate:down", "VERSION=20260101"],
    ]


def test_doctrine_lists_what_is_not_migrated() -> None:
    listed = listing("doctrine", DOCTRINE)
    assert listed.pending == (ADD,)
    assert listed.names == (r"DoctrineMigrations\Version20260101000000", ADD)
    with pytest.raises(NotFitting, match="no known state"):
        listing("doctrine", DOCTRINE.replace("not migrated", "en attente"))


def sql_in_the_comment(name: str) -> Sql:
    """Return what the comment in the file of a framework describes for a file of one's own."""
    lines = (FOLDER / f"{name}.yaml").read_text().splitlines()
    first = lines.index("#   sql:")
    block = takewhile(lambda line: line.startswith("#     "), lines[first + 1 :])
    return Sql.model_validate(yaml.safe_load("\n".join(line[1:] for line in block)))


def test_doctrine_is_not_asked_for_sql_since_a_dry_run_runs_code() -> None:
    assert not framework("doctrine").shows_sql


def test_an_own_file_can_read_the_statements_of_doctrines_dry_run() -> None:
    sql = sql_in_the_comment("doctrine")
    assert sql.of_all(DOCTRINE_SQL, [ADD, MOVE, NOTHING]) == {
        ADD: [
            "ALTER TABLE article ADD price INT DEFAULT NULL,\n"
            "  ADD currency VARCHAR(3) DEFAULT NULL ",
            "CREATE INDEX price ON article (price)",
        ],
        MOVE: ["UPDATE article SET price = ? WHERE id > 1 with parameters (7)"],
        NOTHING: [],
    }
    assert not sql.complete


def test_knex_is_not_asked_without_its_tables() -> None:
    assert framework("knex").needs_its_table
    assert not framework("laravel").needs_its_table


@pytest.mark.parametrize("text", [KNEX, KNEX_0_95])
def test_knex_lists_below_headings(text: str) -> None:
    listed = listing("knex", text)
    assert listed.pending == ("20260202000000_add_price.js", "20260303000000_fails.js")
    assert listed.names[0] == "20260101000000_create_articles.js"
    new = "No Completed Migration files Found. \nFound 1 Pending Migration file/files.\na.js \n\n"
    assert listing("knex", new).pending == ("a.js",)
    done = "Found 1 Completed Migration file/files.\na.js\nNo Pending Migration files Found.\n\n"
    assert (listing("knex", done).names, listing("knex", done).pending) == (("a.js",), ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "whether a migration is pending"),
        ("Using environment: production\n", "whether a migration is pending"),
        ("Found 1 Completed Migration file/files.\na.js\n", "whether a migration is pending"),
        (KNEX.strip() + "\nError: connection lost\n", "'Error: connection lost' is not"),
    ],
)
def test_knex_may_be_cut_off(text: str, why: str) -> None:
    with pytest.raises(NotFitting, match=why):
        listing("knex", text)


def test_prisma_lists_what_is_not_applied() -> None:
    listed = listing("prisma", PRISMA, ["20260101000000_init"], exit_code=1)
    assert listed.pending == ("20260202000000_add_price", "20260303000000_index")
    assert listed.names[0] == "20260101000000_init", "that it knows from its table"
    one = PRISMA.replace("migrations have", "migration have")
    assert len(listing("prisma", one).pending) == 2
    done = "3 migrations found in prisma/migrations\n\n\nDatabase schema is up to date!\n"
    assert listing("prisma", done).pending == ()


def test_prisma_says_nothing_if_a_migration_has_failed() -> None:
    with pytest.raises(NotFitting):
        listing("prisma", "3 migrations found in prisma/migrations\n\n", exit_code=1)


def test_the_sql_of_prisma_is_its_file() -> None:
    prisma = framework("prisma")
    listed = listing("prisma", PRISMA)
    assert prisma.sql_of_each("20260202000000_add_price", listed) == [
        "cat", "prisma/migrations/20260202000000_add_price/migration.sql",
    ]  # fmt: skip
    text = "-- AlterTable\nALTER TABLE `a` ADD COLUMN `b` INTEGER NULL;\n"
    assert prisma.statements_of_each(text) == ["ALTER TABLE `a` ADD COLUMN `b` INTEGER NULL"]
    assert prisma.statements_of_each("-- This is an empty migration.") == []
    assert not prisma.can_go_back


def test_flyway_lists_states() -> None:
    text = flyway(("1", "Success"), ("2", "Undone"), ("2", "Pending"), ("", "Outdated"))
    listed = listing("flyway", "WARNING: a new version is available\n" + text)
    assert listed.pending == ("2", "step")
    assert listed.names == ("1", "2", "step")
    assert framework("flyway").sql_of_each("2", listed) == ["cat", "/flyway/sql/V2__step.sql"]
    assert listing("flyway", flyway()).names == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON object"),
        ("ERROR: Unable to connect", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        ('{"error": {"message": "no"}}', "no JSON object with the key migrations"),
        ('{"migrations": {}}', "no list of objects"),
        ('{"migrations": [3]}', "no list of objects"),
        (flyway(("1", "Levitating")), "'Levitating' is not known"),
        (flyway(("--force", "Pending")), "cannot be the name"),
        ("[" * 100_000, "no JSON object"),
        ('{"migrations": ' + "[" * 100_000, "no JSON object"),
    ],
)
def test_flyway_may_answer_otherwise(text: str, why: str) -> None:
    with pytest.raises(NotFitting, match=why):
        listing("flyway", text)


def test_a_path_that_is_an_option_is_no_word_of_a_command() -> None:
    text = flyway(("1", "Pending")).replace("/flyway/sql/V1__step.sql", "--help")
    with pytest.raises(NotFitting, match="its filepath is not known"):
        framework("flyway").sql_of_each("1", listing("flyway", text))
