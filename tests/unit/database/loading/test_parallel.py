"""The statements of a block run in order; a refusal ends the load, or the caller handles it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from cosmicdeploy.database.loading import parallel
from cosmicdeploy.database.loading.parallel import ParallelConnections, closing_connections
from cosmicdeploy.errors import BackupError, DatabaseError
from tests.unit.database.fake_server import ACCESS

pytestmark = pytest.mark.unit


class Connection:
    """Stands for a connection: records its statements; refuses those with the word "refused"."""

    opened: list[Connection]

    def __init__(self, _access: Any, _schema: str, settings: Sequence[bytes], _: Any) -> None:
        self.ran = list(settings)
        self.id = 1
        type(self).opened.append(self)

    def run(self, statement: bytes) -> None:
        self.ran.append(statement)
        if b"refused" in statement:
            raise BackupError(statement.decode())

    def hang_up(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    Connection.opened = []
    monkeypatch.setattr(parallel, "LoadConnection", Connection)
    monkeypatch.setattr(ParallelConnections, "_kill", lambda _self: None)
    return Connection.opened


def load(*blocks: Sequence[bytes], on_refusal: Callable[..., None] = parallel.fail) -> None:
    opened = ParallelConnections(ACCESS, "s", [b"SET"], 2, on_refusal=on_refusal)
    with closing_connections(opened) as pool:
        for block in blocks:
            pool.put(*block)


def test_the_statements_of_a_block_run_in_order_on_one_connection(
    connections: list[Connection],
) -> None:
    blocks = [[f"{n} first".encode(), f"{n} second".encode()] for n in range(20)]
    load(*blocks)
    ran = [connection.ran for connection in connections]
    assert [each[0] for each in ran] == [b"SET", b"SET"]
    pairs = [each[n : n + 2] for each in ran for n in range(1, len(each), 2)]
    assert sorted(pairs) == sorted(blocks)


def test_a_refusal_ends_the_load() -> None:
    with pytest.raises(BackupError, match="refused"):
        load([b"refused"], [b"next"])


def test_a_refusal_that_the_caller_notes_ends_nothing(connections: list[Connection]) -> None:
    noted: list[bytes] = []
    load(
        [b"refused 1", b"after it"],
        [b"next"],
        on_refusal=lambda statement, _error: noted.append(statement),
    )
    assert noted == [b"refused 1"]
    ran = {statement for connection in connections for statement in connection.ran}
    assert {b"after it", b"next"} <= ran


def test_a_stop_ends_the_put_that_waits_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    killed, errors = threading.Event(), []

    def run(_self: Connection, statement: bytes) -> None:
        assert killed.wait(30)
        raise DatabaseError("Lost connection")

    def fill() -> None:
        try:
            while True:
                opened.put(b"slow")
        except (BackupError, DatabaseError) as error:
            errors.append(error)

    monkeypatch.setattr(Connection, "run", run)
    monkeypatch.setattr(ParallelConnections, "_kill", lambda _self: killed.set())
    opened = ParallelConnections(ACCESS, "s", [], 2)
    filling = threading.Thread(target=fill, daemon=True)
    filling.start()
    filling.join(0.1)
    assert filling.is_alive()
    opened.stop()
    filling.join(30)
    assert not filling.is_alive() and errors
    opened.close(abandon=True)
