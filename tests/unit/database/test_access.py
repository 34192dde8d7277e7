"""Access to the database: errors of the driver, names of schemas, flags and messages of tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pymysql
import pytest

from cosmicdeploy.database import access
from cosmicdeploy.database.access import DatabaseAccess, as_database_error, quoted
from cosmicdeploy.database.schema.schemas import (
    replaced_name,
    scratch_name,
    shadow_name,
    swap_record_name,
)
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.tools.command_line import as_names, insert_size, known_flags
from cosmicdeploy.database.tools.messages import error_lines, warning_lines
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import DatabaseError
from tests.unit.servers import silent_server

pytestmark = pytest.mark.unit

ACCESS = DatabaseAccess(
    container_id="c", host="127.0.0.1", port=1, name="platform", user="root", password="s3cret"
)


def test_the_password_is_not_shown() -> None:
    assert "s3cret" not in repr(ACCESS) + ACCESS.where
    with pytest.raises(DatabaseError, match="cannot be reached") as caught, open_session(ACCESS):
        pass
    assert "s3cret" not in str(caught.value) + repr(caught.value.details)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1045, "refuses this user"),
        (1049, "no such database"),
        (2003, "cannot be reached"),
        (1146, "1146 the message"),
    ],
)
def test_errors_of_the_driver_are_explained(code: int, words: str) -> None:
    assert (
        words in as_database_error(pymysql.err.OperationalError(code, "the message"), "here").what
    )


def test_an_unknown_schema_is_named_even_if_it_is_not_the_live_one() -> None:
    unknown = pymysql.err.OperationalError(1049, "Unknown database 'live__restore'")
    [detail] = as_database_error(unknown, "root@h:3306/live").details
    assert "'live__restore'" in detail


def test_a_silent_database_is_not_to_be_restarted_while_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a crash, the server repairs its tables before it answers, behind an open port."""
    monkeypatch.setattr(access, "GREETING_TIMEOUT", 0.1)
    with silent_server() as port, pytest.raises(DatabaseError, match="does not answer") as caught:
        access.connect(replace(ACCESS, port=port), "platform", read_timeout=None)
    assert "restart it only if it is neither" in caught.value.todo


def test_names_are_quoted() -> None:
    assert quoted("a`b") == "`a``b`"


def test_related_schemas_are_named_after_the_live_one() -> None:
    assert shadow_name("platform") == "platform__restore"
    assert re.fullmatch(r"platform__verify_[0-9a-f]{8}", scratch_name("platform"))
    assert scratch_name("platform") != scratch_name("platform")


@pytest.mark.parametrize("name", [shadow_name, replaced_name, swap_record_name, scratch_name])
def test_names_of_related_schemas_are_never_too_long(name: Callable[[str], str]) -> None:
    for length in range(40, 65):
        long = "p" * length
        assert name(long).startswith("p" * 38) and len(name(long)) <= 64
    assert len({name("p" * 63 + end)[:-8] for end in "abc"}) == 3
    assert shadow_name("p" * 64) == shadow_name("p" * 64)


def test_only_flags_that_the_tool_knows_are_passed() -> None:
    mariadb = "  -y, --no-tablespaces \n  --max-allowed-packet=#"
    mysql = (
        "  -y, --no-tablespaces\n  --set-gtid-purged[=name]\n  --column-statistics\n"
        "  --init-command=name Single SQL Command\n"
    )
    assert known_flags(mariadb) == ("--no-tablespaces",)
    settings, *flags = known_flags(mysql)
    assert settings.startswith("--init-command=SET SESSION sql_select_limit = ")
    assert flags == [
        "--no-tablespaces",
        "--set-gtid-purged=OFF",
        "--column-statistics=0",
    ]


def test_names_that_look_like_options_are_passed_as_names() -> None:
    assert as_names("platform", "a") == ("platform", "a")
    assert as_names("platform", "--all-databases") == ("--", "platform", "--all-databases")


def test_inserts_are_small_for_a_server_with_small_packets() -> None:
    assert insert_size(1 << 20) == insert_size(16 << 20) == ()
    assert insert_size(65536) == ("--net-buffer-length=64512",)
    assert insert_size(1024) == ("--net-buffer-length=4096",)


class Connection:
    """A connection that records its statements instead of running them."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    @contextmanager
    def cursor(self) -> Iterator[Connection]:
        yield self

    def execute(self, sql: str, parameters: tuple[object, ...] | None) -> None:
        self.ran.append(sql % parameters if parameters else sql)


def test_a_percent_sign_in_a_quoted_name_is_no_parameter() -> None:
    connection = Connection()
    session = Session(connection, "here")  # type: ignore[arg-type]
    session.execute(f"INSERT INTO {quoted('100%s `%d`')} VALUES (%s)", "x")  # noqa: S608
    session.execute(f"DROP TABLE {quoted('100%')}")
    assert connection.ran == ["INSERT INTO `100%s ``%d``` VALUES (x)", "DROP TABLE `100%`"]


def test_errors_and_warnings_of_the_tools_are_distinguished() -> None:
    result = ExecResult(
        exit_code=0, stderr=b"Warning: old option\n\nmysqldump: Error 2013: Lost connection\n"
    )
    assert error_lines(result) == ["mysqldump: Error 2013: Lost connection"]
    assert warning_lines(result) == ["Warning: old option"]
