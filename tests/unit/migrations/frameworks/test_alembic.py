"""The output of Alembic is understood."""

from __future__ import annotations

import pytest

from cosmicdeploy.migrations.frameworks.answers.listing import MissingFiles, NotFitting
from cosmicdeploy.migrations.frameworks.down import CannotGoBackThere
from cosmicdeploy.migrations.frameworks.reading import framework
from tests.unit.migrations.frameworks.asking import listing, statements

pytestmark = pytest.mark.unit

# Printed by Alembic 1.7.7 and 1.20.1 alike, with SQLite.
HISTORY = """\
5a1c00000002 -> 5a1c00000003 (head), reads
5a1c00000001 -> 5a1c00000002, price -> net price (head), of all
<base> -> 5a1c00000001, articles
"""
# Two bases, a merge, labels, dependencies, and a description of several lines.
BRANCHES = """\
b1aaaaaa, c2 -> d1 (stock, colours, other) (head) (mergepoint), merge
z1 (c1) -> z2 (zed) (head), z2
<base> -> z1 (zed), other base
c1 -> c2 (colours, other), c2
a1 (b1aaaaaa) -> c1 (colours, other), c
a1 -> b1aaaaaa (stock), b
<base> -> a1 (branchpoint), articles
price -> net
net -> gross, and so on
a1 -> zz and so on
"""
# The dialect is that of MySQL, which `--sql` needs no server for.
SQL = """\
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,\x20
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 5a1c00000001

CREATE TABLE articles (
    id INTEGER NOT NULL AUTO_INCREMENT,\x20
    name VARCHAR(50) NOT NULL,\x20
    PRIMARY KEY (id)
);

INSERT INTO alembic_version (version_num) VALUES ('5a1c00000001');

-- Running upgrade 5a1c00000001 -> 5a1c00000002

ALTER TABLE articles ADD COLUMN price INTEGER;

UPDATE articles SET name = 'a;b' WHERE id = 3;

INSERT INTO articles (name) VALUES ('x');

UPDATE alembic_version SET version_num='5a1c00000002' WHERE alembic_version.version_num = '5a1c00000001';

-- Running upgrade 5a1c00000002 -> 5a1c00000003

DELETE FROM alembic_version WHERE alembic_version.version_num = 'z1';

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
        (["a1"], ["b1aaaaaa", "c1", "c2", "z1", "z2", "d1"]),
        (["c1"], ["c2", "z1", "z2", "d1"]),  # what it depends on has run as well
        (["c2"], ["z1", "z2", "d1"]),
        (["c2", "z2"], ["d1"]),
        (["d1", "z2"], []),
    ],
)
def test_branches_and_dependencies_are_followed(recorded: list[str], pending: list[str]) -> None:
    listed = listing("alembic", BRANCHES, recorded)
    assert list(listed.pending) == pending
    assert listed.joins == {"d1": ("b1aaaaaa", "c2")}


def test_the_label_of_a_branch_cannot_stand_for_a_revision() -> None:
    """Which of the revisions with this label it is, the list does not show."""
    with pytest.raises(NotFitting, match="z2 depends on colours, which is not listed"):
        listing("alembic", BRANCHES.replace("z1 (c1)", "z1 (colours)"))


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
        "UPDATE articles SET name = 'a;b' WHERE id = 3",
        "INSERT INTO articles (name) VALUES ('x')",
    ]
    assert len(shown["5a1c00000001"]) == 1 and shown["5a1c00000003"] == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version, articles SET articles.name = ''",
        "CREATE TABLE alembic_version_of_articles (id INT)",
        "DELETE alembic_version, articles FROM alembic_version JOIN articles",
    ],
)
def test_a_statement_on_other_tables_as_well_is_shown(statement: str) -> None:
    text = f"-- Running upgrade a -> b\n{statement};\n"
    assert statements("alembic", text, ["b"]) == {"b": [statement]}


def test_a_revision_that_the_sql_does_not_name_is_unknown() -> None:
    """Such as where env.py writes the SQL to a file of its own."""
    text = "-- Running upgrade a -> b\n"
    assert statements("alembic", text, ["b", "c"]) == {"b": [], "c": [None]}
    assert statements("alembic", "", ["b"]) == {"b": [None]}


def test_it_goes_back_revision_by_revision() -> None:
    alembic, listed = framework("alembic"), listing("alembic", BRANCHES, ["d1", "z2"])
    back = [["alembic", "downgrade", f"{name}@-1"] for name in ("z2", "z1")]
    beyond, stays = ["z1", "z2"], ["a1", "b1aaaaaa", "c1", "c2", "d1"]
    assert alembic.commands_down(beyond, stays, listed) == back


def test_a_merge_goes_back_to_a_branch_that_nothing_else_follows() -> None:
    alembic, listed = framework("alembic"), listing("alembic", BRANCHES)
    stays = ["a1", "b1aaaaaa", "c1", "c2"]
    assert alembic.commands_down(["d1"], stays, listed) == [["alembic", "downgrade", "c2"]]
    listed = listing("alembic", BRANCHES + "c2 -> e1, e\n")
    with pytest.raises(CannotGoBackThere, match="other migrations follow each branch that d1"):
        alembic.commands_down(["d1"], [*stays, "e1"], listed)


def test_a_row_is_not_enough_to_record_a_revision() -> None:
    alembic = framework("alembic")
    assert alembic.row_of("a1") is None
    assert alembic.command_to_mark("a1") == ["alembic", "stamp", "a1"]


def test_earlier_revisions_have_run_as_well() -> None:
    parents = {"b": ("a",), "c": ("b",)}
    assert framework("alembic").with_earlier(["c"], parents) == {"a", "b", "c"}
    assert framework("laravel").with_earlier(["c"], parents) == {"c"}
