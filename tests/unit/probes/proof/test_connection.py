"""Connections of the probes: kept and new ones, and how they end."""

from __future__ import annotations

import time
from threading import Thread

import pytest

from cosmicdeploy.probes.proof.connection import Connection, ConnectionPool, Request
from tests.unit.servers import serving, silent_server

HEALTH_REQUEST = Request(path="/api/health")


def test_a_kept_connection_that_was_closed_silently_is_a_failed_request() -> None:
    with serving(lambda number: "drop" if number == 2 else 200) as served:
        connection = Connection(served.url)
        responses = []
        for _ in range(4):
            responses.append(connection.send(HEALTH_REQUEST))
            time.sleep(0.05)  # by now the client has received the end of the connection
    assert [response.status for response in responses] == [200, 200, 0, 200]
    assert "without response" in responses[2].error
    assert served.connections == 2 and len(served.requests) == 3


def test_an_announced_close_of_a_connection_loses_no_request() -> None:
    with serving(lambda number: "announce") as served:
        connection = Connection(served.url)
        assert [connection.send(HEALTH_REQUEST).status for _ in range(3)] == [200] * 3
    assert served.connections == 3


def test_a_connection_that_was_idle_too_long_is_not_reused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cosmicdeploy.probes.proof.connection.IDLE_SECONDS", -1.0)
    with serving(lambda number: "drop") as served:
        connection = Connection(served.url)
        assert connection.send(HEALTH_REQUEST).status == 200
        assert connection.send(HEALTH_REQUEST).status == 200
    assert served.connections == 2


def test_a_refused_connection_is_a_failure() -> None:
    with serving() as served:
        pass
    assert "refused" in ConnectionPool(served.url).send_once(HEALTH_REQUEST).error
    kept = ConnectionPool(served.url)
    assert "refused" in kept.send(HEALTH_REQUEST).error
    kept.close()


def test_a_wait_for_a_response_ends_once_the_pool_is_aborted() -> None:
    with silent_server() as port:
        pool = ConnectionPool(f"http://127.0.0.1:{port}")
        waiting = Thread(target=pool.send, args=[HEALTH_REQUEST])
        waiting.start()
        time.sleep(0.3)  # until the request was sent
        started = time.monotonic()
        pool.abort()
        waiting.join(timeout=5)
        assert time.monotonic() - started < 1
