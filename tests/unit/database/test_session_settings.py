"""Which settings a session sends to a server, and what follows if the server refuses some."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

from cosmicdeploy.database.access import set_up
from cosmicdeploy.database.session_settings import (
    SETTINGS,
    TRANSACTIONS,
    Kind,
    needed_values,
    set_all,
    settings_of,
)

pytestmark = pytest.mark.unit

DOCS = Path(__file__).parents[3] / "docs" / "backups.md"
KINDS: tuple[Kind, ...] = ("queries", "dump", "load")


class Server:
    """Records statements; refuses those with a word in `refused`, with the word's error number.

    `has_value` is whether a session already has the value that it needs.
    """

    def __init__(self, refused: dict[str, int], *, has_value: bool = False) -> None:
        self.refused = refused
        self.has_value = has_value
        self.ran: list[str] = []

    def query(self, sql: str) -> None:
        for word, number in self.refused.items():
            if re.search(rf"\b{word}\b", sql):
                raise pymysql.err.OperationalError(number, f"'{word}'")
        self.ran.append(sql)

    @contextmanager
    def cursor(self) -> Iterator[Server]:
        yield self

    def execute(self, sql: str) -> None:
        assert sql.startswith("SELECT @@SESSION.")

    def fetchone(self) -> tuple[int]:
        return (int(self.has_value),)


def ran(**refused: int) -> list[str]:
    server = Server(refused)
    set_up(server, "load")  # type: ignore[arg-type]
    return server.ran


def test_one_statement_sets_all_variables_that_every_user_may_set() -> None:
    first, *others = ran()
    assert first == set_all("load")
    assert others == [
        *(each.statement for each in settings_of("load", restricted=True)),
        TRANSACTIONS,
    ]


def test_a_server_without_a_variable_gets_all_others() -> None:
    found = " ".join(ran(sql_auto_is_null=1193))
    assert "sql_auto_is_null" not in found
    assert {each.name for each in SETTINGS if "load" in each.kinds} - {"sql_auto_is_null"} <= {
        *re.findall(r"SESSION (\w+) =", found)
    }


def test_a_variable_that_only_an_administrator_may_set_is_not_set() -> None:
    found = " ".join(ran(innodb_strict_mode=1227))
    assert "innodb_strict_mode" not in found and "enforce_storage_engine" in found


def test_a_server_that_refuses_a_value_is_not_used() -> None:
    with pytest.raises(pymysql.MySQLError):
        ran(sql_mode=1231)


@pytest.mark.parametrize("number", [1227, 1231])
def test_a_value_that_a_user_may_not_set_is_needed_only_if_the_session_has_another(
    number: int,
) -> None:
    server = Server({"sql_auto_is_null": number}, has_value=True)
    set_up(server, "load")  # type: ignore[arg-type]
    found = " ".join(server.ran)
    assert "sql_auto_is_null" not in found and "sql_safe_updates" in found
    with pytest.raises(pymysql.MySQLError):
        ran(sql_auto_is_null=number)


@pytest.mark.parametrize("kind", KINDS)
def test_a_version_comment_holds_each_setting_that_some_servers_lack(kind: Kind) -> None:
    outside = re.sub(r"/\*M?!\d{5,6} , \w+ = [^*]+ \*/", "", set_all(kind))
    assert "/*" not in outside
    assert {*needed_values(kind)} >= {*re.findall(r"(\w+) = ", outside)}


def test_each_setting_is_documented_with_its_reason() -> None:
    documented = {*re.findall(r"`(\w+)`", DOCS.read_text(encoding="utf-8"))}
    assert {each.name for each in SETTINGS} <= documented
    assert all(each.why for each in SETTINGS)


def test_no_variable_is_set_twice_in_a_session() -> None:
    for kind in KINDS:
        names = [(each.name, each.servers) for each in SETTINGS if kind in each.kinds]
        assert len(names) == len(set(names))
