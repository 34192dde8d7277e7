"""The output of Alembic is understood."""

from __future__ import annotations

import pytest

from cosmicdeploy.migrations.frameworks.answers.listing import MissingFiles, NotFitting
from cosmicdeploy.migrations.frameworks.down import CannotGoBackThere
from cosmicdeploy.migrations.frameworks.reading import framework
from tests.unit.migrations.frameworks.asking import listing, statements

pytestmark = pytest.mark.unit

HISTORY = """\
5a1c00000002 -> 5a1c00000003 (head), index
5a1c00000001 -> 5a1c00000002, price -> net price, of all
<base> -> 5a1c00000001, articles
"""
# Two branches, one with a label and a dependency on the other, and their merge.
BRANCHES = """\
b2, c1 -> d1 (head) (mergepoint), merge
a1 (c1) -> b2 (stock), stock
a1 -> c1, colours
<base> -> a1 (branchpoint), articles
"""
SQL = """\
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 5a1c00000001

CREATE TABLE articles (
    id INTEGER NOT NULL AUTO_INCREMENT,
    PRIMARY KEY (id)
);

INSERT INTO alembic_version (version_num) VALUES ('5a1c00000001');

-- Running upgrade 5a1c00000001 -> 5a1c00000002

ALTER TABLE articles ADD COLUMN price INTEGER;

UPDATE articles SET price=1 WHERE id > 0;

UPDATE alembic_version SET version_num='5a1c00000002' WHERE alembic_version.version_num = '5a1c00000001';

-- Running upgrade 5a1c00000002 -> 5a1c00000003

UPDATE alembic_version SET version_num='5a1c00000003' WHERE alembic_version.version_num = '5a1c00000002';

"""  # noqa: E501


@pytest.mark.parametrize(
    ("recorded", "pending"),
    [
        ([], ["5a1c00000001", "5a1c00000002", "5a1c00000003"]),
        (["5a1c00000001"], ["5a1c00000002", "5a1c00000003"]),
        (["5a1c00000003"], []),
    ],
)
def test_what_follows_the_recorded_revision_is_pending(
    recorded: list[str], pending: list[str]
) -> None:
    listed = listing("alembic", HISTORY, recorded)
    assert list(listed.pending) == pending
    assert listed.names == ("5a1c00000001", "5a1c00000002", "5a1c00000003")


@pytest.mark.parametrize(
    ("recorded", "pending"),
    [
        (["a1"], ["c1", "b2", "d1"]),
        (["b2"], ["d1"]),  # what it depends on has run as well
        (["c1"], ["b2", "d1"]),
        (["d1"], []),
    ],
)
def test_branches_and_dependencies_are_followed(recorded: list[str], pending: list[str]) -> None:
    assert list(listing("alembic", BRANCHES, recorded).pending) == pending


def test_a_dependency_may_be_abbreviated() -> None:
    text = "<base> (5a1c) -> b1 (head), b\n<base> -> 5a1c00000001, a\n"
    assert listing("alembic", text, ["b1"]).pending == ()


def test_a_recorded_revision_without_a_file_is_named() -> None:
    with pytest.raises(MissingFiles, match="5a1c00000009"):
        listing("alembic", HISTORY, ["5a1c00000009"])


def test_without_any_revision_nothing_is_pending() -> None:
    assert listing("alembic", "").pending == ()


def test_another_answer_does_not_fit() -> None:
    with pytest.raises(NotFitting, match="no line"):
        listing("alembic", "Rev: 5a1c00000002 (head)\nParent: 5a1c00000001\n")


def test_the_sql_begins_after_the_recorded_revision() -> None:
    alembic = framework("alembic")
    assert alembic.sql_of_all(["a1"]) == ("upgrade", "a1:heads", "--sql")
    assert alembic.sql_of_all([]) == ("upgrade", "base:heads", "--sql")
    with pytest.raises(NotFitting, match="not from 2 at once"):
        alembic.sql_of_all(["a1", "b1"])


def test_the_statements_on_its_own_table_are_left_out() -> None:
    names = ["5a1c00000001", "5a1c00000002", "5a1c00000003"]
    shown = statements("alembic", SQL, names)
    assert shown["5a1c00000002"] == [
        "ALTER TABLE articles ADD COLUMN price INTEGER",
        "UPDATE articles SET price=1 WHERE id > 0",
    ]
    assert len(shown["5a1c00000001"]) == 1 and shown["5a1c00000003"] == []


def test_it_goes_back_to_a_revision() -> None:
    alembic = framework("alembic")
    assert alembic.commands_down(["b1", "c1"], ["a1"]) == [["alembic", "downgrade", "a1"]]
    assert alembic.commands_down(["a1"], []) == [["alembic", "downgrade", "base"]]
    with pytest.raises(CannotGoBackThere, match="a1 and b1 at once"):
        alembic.commands_down(["c1"], ["a1", "b1"])


def test_a_row_is_not_enough_to_record_a_revision() -> None:
    alembic = framework("alembic")
    assert alembic.row_of("a1") is None
    assert alembic.advice_to_mark("a1") == "alembic stamp a1"


def test_earlier_revisions_have_run_as_well() -> None:
    parents = {"b": ("a",), "c": ("b",)}
    assert framework("alembic").with_earlier(["c"], parents) == {"a", "b", "c"}
    assert framework("laravel").with_earlier(["c"], parents) == {"c"}
