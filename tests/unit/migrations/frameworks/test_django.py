"""The output of Django's manage.py is understood."""

from __future__ import annotations

import pytest

from cosmicdeploy.migrations.frameworks.answers.listing import Listing, NotFitting
from cosmicdeploy.migrations.frameworks.reading import framework
from tests.unit.migrations.frameworks.asking import listing

pytestmark = pytest.mark.unit

# In the form in which Django 3.2.25, 4.2.30 and 5.2.19 print them; the statements are MySQL's.
PLAN = """\
[X]  contenttypes.0001_initial
[X]  auth.0001_initial
[X]  auth.0002_alter_permission_name_max_length
[X]  shop.0001_initial
[ ]  shop.0002_article_price
[ ]  auth.0013_shop_permissions
"""
NOTHING = Listing(names=(), pending=())
PRICE = """\
--
-- Add field price to article
--
ALTER TABLE `shop_article` ADD COLUMN `price` integer NULL;
--
-- Alter field title on article
--
-- (no-op)
CREATE INDEX `shop_article_price` ON `shop_article` (`price`); -- for the list
"""
ADDED_WITH_DEFAULT = """\
--
-- Add field currency to article
--
ALTER TABLE `shop_article` ADD COLUMN `currency` varchar(3) DEFAULT 'E;R' NOT NULL;
ALTER TABLE `shop_article` ALTER COLUMN `currency` DROP DEFAULT;
"""


def test_pending_migrations_are_in_the_order_in_which_they_run() -> None:
    listed = listing("django", PLAN)
    assert listed.pending == ("shop.0002_article_price", "auth.0013_shop_permissions")
    assert listed.names[0] == "contenttypes.0001_initial" and len(listed.names) == 6


def test_dependencies_are_no_part_of_a_name() -> None:
    text = "[ ]  shop.0002_article_price ... (shop.0001_initial, auth.0001_initial)\n"
    assert listing("django", text).pending == ("shop.0002_article_price",)


def test_a_project_without_migrations_has_none_pending() -> None:
    assert listing("django", "(no migrations)\n") == NOTHING


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no line"),
        ("shop\n [X] 0001_initial\n [ ] 0002_article_price\n", "no line"),  # without --plan
        ("Unknown command: 'showmigrations'\n", "no line"),
        (PLAN + "[-]  shop.0003_squashed\n", r"\[-\]  shop.0003_squashed' has no known state"),
    ],
)
def test_another_answer_does_not_fit(text: str, why: str) -> None:
    with pytest.raises(NotFitting, match=why):
        listing("django", text)


def test_a_warning_in_between_is_ignored() -> None:
    text = "Loading .env.production\n" + PLAN
    assert listing("django", text).pending == listing("django", PLAN).pending


def test_the_sql_of_each_migration_is_asked_for_by_itself() -> None:
    django = framework("django")
    assert django.sql_of_all([]) is None
    assert django.sql_of_each("shop.0002_article_price", NOTHING) == [
        "python", "manage.py", "sqlmigrate", "shop", "0002_article_price",
    ]  # fmt: skip
    with pytest.raises(NotFitting, match="its group is not known"):
        django.sql_of_each("without_an_application", NOTHING)


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        (
            PRICE,
            [
                "ALTER TABLE `shop_article` ADD COLUMN `price` integer NULL",
                "CREATE INDEX `shop_article_price` ON `shop_article` (`price`)",
            ],
        ),
        (
            ADDED_WITH_DEFAULT,
            [
                "ALTER TABLE `shop_article` ADD COLUMN `currency` varchar(3) DEFAULT 'E;R'"
                " NOT NULL",
                "ALTER TABLE `shop_article` ALTER COLUMN `currency` DROP DEFAULT",
            ],
        ),
        ("--\n-- Alter field title on article\n--\n-- (no-op)\n", []),
        ("", []),
        ("--\n-- Raw Python operation\n--\n-- THIS OPERATION CANNOT BE WRITTEN AS SQL\n", [None]),
        (
            "--\n-- MIGRATION NOW PERFORMS OPERATION THAT CANNOT BE WRITTEN AS SQL:\n"
            "-- Raw Python operation\n--\nDROP TABLE `old`;\n",
            [None, "DROP TABLE `old`"],
        ),
        (
            "BEGIN;\nCREATE TABLE a (b int);\nCOMMIT;\n",
            ["BEGIN", "CREATE TABLE a (b int)", "COMMIT"],
        ),
    ],
)
def test_a_script_is_split_into_statements(text: str, statements: list[str | None]) -> None:
    assert framework("django").statements_of_each(text) == statements


# `migrate --plan`
OPERATIONS = """\
Planned operations:
shop.0001_first
    Create model Article
shop.0002_price
    Add field price to article
    Alter field name on article
shop.0003_python
    Raw Python operation -> Move the prices.
    Raw SQL operation -> UPDATE shop_article SET price = 1 W…
shop.0004_both
    Custom state/database change combination
shop.0005_meta
    Change Meta options on article
    Alter unique_together for article (1 constraint(s))
    Rename unnamed index for ('name',) on article to by_name
shop.0006_own
    Create index by_price on field(s) price of model article
    AddTrigger: ([], {})
shop.0007_merge
"""


def test_only_operations_that_run_nothing_are_asked_for_their_sql() -> None:
    """Django runs Python within SeparateDatabaseAndState if it is asked for the SQL."""
    precaution = framework("django").precaution
    assert precaution
    safe = {f"shop.{each}" for each in ("0001_first", "0002_price", "0003_python", "0005_meta")}
    assert precaution.allowed(OPERATIONS) == {*safe, "shop.0007_merge"}
    assert precaution.allowed("Planned operations:\n  No planned migration operations.\n") == set()
    assert precaution.allowed("") == set()
    with pytest.raises(NotFitting, match="characters"):
        precaution.allowed("x" * (10 << 20))


def test_a_migration_of_labels_alone_changes_nothing() -> None:
    assert framework("django").shows_all_changes


def test_it_goes_back_by_application() -> None:
    applied = ["auth.0001_initial", "shop.0001_initial"]
    beyond = ["shop.0002_price", "new.0001_initial", "shop.0003_index"]
    go_back = ["python", "manage.py", "migrate", "--no-input", "--no-color"]
    assert framework("django").commands_down(beyond, applied) == [
        [*go_back, "shop", "0001_initial"],
        [*go_back, "new", "zero"],
    ]


def test_it_is_recorded_as_run_by_a_row() -> None:
    django = framework("django")
    assert django.row_of("shop.0002_price") == {"app": "shop", "name": "0002_price"}
    assert django.added_to_row == {"applied": "now"}


def test_its_command_is_recognized_in_a_container() -> None:
    django = framework("django")
    assert django.running("python3 manage.py migrate --no-input") == "manage.py migrate"
    assert not django.running("python3 manage.py makemigrations")
