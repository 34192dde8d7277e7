"""Whether a transaction was committed between two snapshots, as the server's status shows it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pymysql
import pytest

from cosmicdeploy.database.dump.rows.commits import Commits, read_commits
from cosmicdeploy.errors import DatabaseError

pytestmark = pytest.mark.unit

# A status as MariaDB 10.11 and MySQL print it. The query of session 20 imitates other status lines.
STATUS = """
------------
TRANSACTIONS
------------
Trx id counter 86
Purge done for trx's n:o < 84 undo n:o < 0 state: running
LIST OF TRANSACTIONS FOR EACH SESSION:
---TRANSACTION (0x7fe869d49180), ACTIVE 0 sec
0 lock struct(s), heap size 1128, 0 row lock(s)
MariaDB thread id 18, OS thread handle 140635958679232, query id 145 localhost b
Trx read view will not see trx with id >= 80, sees < 80
---TRANSACTION (0x7fe869d48682), ACTIVE 0 sec
MySQL thread id 20, OS thread handle 140635958372032, query id 143 localhost b
SELECT '
Trx id counter 7
MariaDB thread id 99,
Trx read view will not see trx with id >= 80, sees < 80
'
Trx read view will not see trx with id >= 84, sees < 82
---TRANSACTION (0x7fe869d47b80), not started
0 lock struct(s), heap size 1128, 0 row lock(s)
--------
FILE I/O
"""


def session(answer: Any) -> Any:
    def rows(_: str) -> Any:
        if isinstance(answer, int):
            raise DatabaseError("no") from pymysql.err.OperationalError(answer, "no")
        return [("InnoDB", "", answer)]

    return SimpleNamespace(rows=rows)


def test_the_counter_and_the_limits_of_each_snapshot_are_read() -> None:
    limits = {18: ("80", "80"), 20: ("84", "82")}
    assert read_commits(session(STATUS)) == Commits(counter="86", limits=limits)


@pytest.mark.parametrize("answer", [1227, "another text"])
def test_a_server_that_shows_no_status_does_not_count_as_one_without_commits(answer: Any) -> None:
    commits = read_commits(session(answer))
    assert not commits.are_none_since(commits)


def test_an_error_other_than_a_missing_privilege_is_raised() -> None:
    with pytest.raises(DatabaseError):
        read_commits(session(2013))


def test_snapshots_are_the_same_only_if_no_transaction_was_open() -> None:
    closed, opened = ("80", "80"), ("82", "81")
    commits = Commits(counter="9", limits={1: closed, 2: closed, 3: opened, 4: opened})
    assert commits.have_same_data(1, 2)
    assert not commits.have_same_data(1, 3)
    assert not commits.have_same_data(3, 4), "the open transaction may have ended in between"
    assert not commits.have_same_data(1, 5)
    assert commits.are_none_since(Commits(counter="9"))
    assert not commits.are_none_since(Commits(counter="8"))
