"""The payload's database session: transactions, and the connection after an error."""

from __future__ import annotations

import ssl
from typing import Any

import pymysql
import pytest
from cosmic_app.database import connection, session
from cosmic_app.settings import DatabaseSettings

SETTINGS = DatabaseSettings(host="db", port=1, name="n", user="u", password="p")


class Connection:
    """A connection that records its calls; `done` is the end of a cursor."""

    def __init__(self) -> None:
        self.open, self.calls = True, list[str]()

    def begin(self) -> None:
        self.calls.append("begin")

    def commit(self) -> None:
        self.calls.append("commit")

    def close(self) -> None:
        self.open = False

    def cursor(self) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.append("done")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """The connections that the session opens."""
    connections: list[Connection] = []

    def connect(_settings: DatabaseSettings, *, autocommit: bool) -> Connection:
        assert autocommit
        connections.append(Connection())
        return connections[-1]

    monkeypatch.setattr(session, "connect", connect)
    return connections


def test_only_a_transaction_sends_begin_and_commit(
    opened: list[Connection],
) -> None:
    own_session = session.Session(SETTINGS)
    assert (
        own_session.transaction(lambda _cursor: 1) == own_session.autocommit(lambda _cursor: 1) == 1
    )
    assert [each.calls for each in opened] == [["begin", "done", "commit", "done"]]


def test_no_statement_joins_a_transaction_that_an_error_left_open(opened: list[Connection]) -> None:
    own_session = session.Session(SETTINGS)
    with pytest.raises(KeyError):
        own_session.transaction(lambda _cursor: {}["nothing"])
    own_session.autocommit(lambda _cursor: None)
    assert [(each.open, each.calls) for each in opened] == [
        (False, ["begin", "done"]),
        (True, ["done"]),
    ]


def test_a_connection_does_not_load_the_certificates_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("loading certificates takes longer than the connection")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", refuse)
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", refuse)
    unreachable = DatabaseSettings(host="127.0.0.1", port=1, name="n", user="u", password="p")
    with pytest.raises(pymysql.OperationalError, match="connect"):
        connection.connect(unreachable)
