"""A load that fails by a fault of the server says nothing about the backup; a refusal does."""

from __future__ import annotations

from typing import Any

import pymysql
import pytest

from cosmicdeploy.database.loading import connection
from cosmicdeploy.database.loading.connection import TRIES, LoadConnection
from cosmicdeploy.errors import BackupError, CosmicError, DatabaseError
from tests.unit.database.fake_server import ACCESS

pytestmark = pytest.mark.unit

INSERT = b"INSERT INTO `a` VALUES (4711)"


def loading(error: pymysql.MySQLError, monkeypatch: pytest.MonkeyPatch) -> CosmicError:
    """Return the deployer's error for a statement that the server answers with this error."""
    sent: list[bytes] = []

    class Connection:
        def query(self, statement: memoryview) -> None:
            sent.append(bytes(statement))
            raise error

    opened: Any = Connection()
    monkeypatch.setattr(connection, "connect", lambda *_, **__: opened)
    with pytest.raises(CosmicError) as caught:
        LoadConnection(ACCESS, "live__restore").run(INSERT)
    assert len(sent) == (TRIES if error.args[0] in (1205, 1213) else 1)
    assert "4711" not in f"{caught.value} {caught.value.details}"
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    "code",
    [0, 2006, 2013, 1053, 1317, 1927, 1205, 1213, 1021, 1114, 1030, 1040, 1290, 3],
)
def test_a_fault_of_the_server_is_no_refusal(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    error = loading(pymysql.err.OperationalError(code, "it fails at '4711'"), monkeypatch)
    assert isinstance(error, DatabaseError)
    assert f"ERROR {code}: it fails at '…'" in error.what


def test_a_full_disk_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    full = 'Can\'t create table `a` (errno: 28 "No space left on device")'
    assert isinstance(loading(pymysql.err.OperationalError(1005, full), monkeypatch), DatabaseError)
    wrong = 'Can\'t create table `a` (errno: 150 "Foreign key constraint is incorrectly formed")'
    assert isinstance(loading(pymysql.err.OperationalError(1005, wrong), monkeypatch), BackupError)


@pytest.mark.parametrize("code", [1062, 1064, 1406, 3819])
def test_a_refused_statement_says_that_the_backup_does_not_load(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = loading(pymysql.err.ProgrammingError(code, "wrong at '4711'"), monkeypatch)
    assert isinstance(error, BackupError)
    assert error.details == (f"ERROR {code}: wrong at '…'", "at: INSERT INTO `a`")
