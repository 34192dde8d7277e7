"""What becomes of a connection when the work on it fails."""

from __future__ import annotations

import ssl
from typing import Any

import pymysql
import pytest
from cosmic_app import database
from cosmic_app.settings import DatabaseSettings

SETTINGS = DatabaseSettings(host="db", port=1, name="n", user="u", password="p")


class Connection:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.open, self.said = True, list[str]()

    def begin(self) -> None:
        self.said.append("begin")

    def commit(self) -> None:
        self.said.append("commit")

    def close(self) -> None:
        self.open = False

    def cursor(self) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.said.append("done")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """Every connection that is made."""
    connections: list[Connection] = []

    def connect(_settings: DatabaseSettings, *, autocommit: bool) -> Connection:
        assert autocommit
        connections.append(Connection())
        return connections[-1]

    monkeypatch.setattr(database, "connect", connect)
    return connections


def test_a_transaction_is_begun_and_committed_and_a_single_statement_is_not(
    made: list[Connection],
) -> None:
    session = database.Session(SETTINGS)
    assert session.transaction(lambda _cursor: 1) == session.single(lambda _cursor: 1) == 1
    assert [each.said for each in made] == [["begin", "done", "commit", "done"]]


def test_no_statement_joins_a_transaction_that_a_mistake_left_open(made: list[Connection]) -> None:
    session = database.Session(SETTINGS)
    with pytest.raises(KeyError):
        session.transaction(lambda _cursor: {}["nothing"])
    session.single(lambda _cursor: None)
    assert [(each.open, each.said) for each in made] == [
        (False, ["begin", "done"]),
        (True, ["done"]),
    ]


def test_a_connection_reads_no_certificates_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("certificates are read, which takes longer than the connection")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", refuse)
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", refuse)
    nobody = DatabaseSettings(host="127.0.0.1", port=1, name="n", user="u", password="p")
    with pytest.raises(pymysql.OperationalError, match="connect"):
        database.connect(nobody)
