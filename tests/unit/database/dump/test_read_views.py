"""Which sessions see the same data, by the server's own words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pymysql
import pytest

from cosmicdeploy.database.dump.read_views import parsed_views, read_views, see_the_same
from cosmicdeploy.errors import DatabaseError

pytestmark = pytest.mark.unit

# As MariaDB 10.11 prints it; session 20 has a query whose text imitates a read view.
STATUS = """
------------
TRANSACTIONS
------------
Trx id counter 80
LIST OF TRANSACTIONS FOR EACH SESSION:
---TRANSACTION (0x7fe869d49180), ACTIVE 0 sec
0 lock struct(s), heap size 1128, 0 row lock(s)
MariaDB thread id 18, OS thread handle 140635958679232, query id 145 localhost b
Trx read view will not see trx with id >= 80, sees < 80
---TRANSACTION (0x7fe869d48680), ACTIVE 0 sec
0 lock struct(s), heap size 1128, 0 row lock(s)
MariaDB thread id 17, OS thread handle 140635958372032, query id 143 localhost b
Trx read view will not see trx with id >= 80, sees < 80
---TRANSACTION (0x7fe869d48681), ACTIVE 0 sec
MySQL thread id 19, OS thread handle 140635958372032, query id 143 localhost b
Trx read view will not see trx with id >= 82, sees < 81
---TRANSACTION (0x7fe869d48682), ACTIVE 0 sec
MariaDB thread id 20, OS thread handle 140635958372032, query id 143 localhost b
SELECT '
MariaDB thread id 99,
Trx read view will not see trx with id >= 80, sees < 80
'
Trx read view will not see trx with id >= 84, sees < 84
---TRANSACTION (0x7fe869d47b80), not started
0 lock struct(s), heap size 1128, 0 row lock(s)
--------
FILE I/O
"""


def test_the_limits_of_each_read_view_are_read() -> None:
    assert parsed_views(STATUS) == {18: (80, 80), 17: (80, 80), 19: (82, 81), 20: (84, 84)}


def test_two_sessions_see_the_same_only_if_no_transaction_was_open() -> None:
    views = {1: (80, 80), 2: (80, 80), 3: (82, 82), 4: (82, 81), 5: (82, 81)}
    assert see_the_same(views, 1, 2)
    assert not see_the_same(views, 1, 3)
    assert not see_the_same(views, 4, 5), "the one open transaction may have ended in between"
    assert not see_the_same(views, 1, 6)


def refusing(code: int) -> Any:
    def rows(_: str) -> Any:
        raise DatabaseError("no") from pymysql.err.OperationalError(code, "no")

    return SimpleNamespace(rows=rows)


def test_without_the_privilege_there_are_no_views() -> None:
    assert read_views(refusing(1227)) is None
    with pytest.raises(DatabaseError):
        read_views(refusing(2013))
