"""The judge of random requests notices what it is there for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.unit.fuzz import http_answers
from tests.unit.fuzz.http_answers import Address, require_answer
from tests.unit.fuzz.http_requests import RawRequest, raw_requests

pytestmark = pytest.mark.unit

WHOLE, PART = RawRequest(b"GET / HTTP/1.1\r\n\r\n", True), RawRequest(b"GET /", False)


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[Address]:
    """Serve one connection during the block."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as connection:
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[:2]
        thread.join(10)


def sending(*parts: bytes) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        connection.recv(1000)
        for part in parts:
            connection.sendall(part)

    return send


def until_closed(connection: socket.socket) -> None:
    while connection.recv(1000):
        pass


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_forbidden_status_fails(status: int) -> None:
    answer = sending(b"HTTP/1.1 %d X\r\n\r\n" % status)
    expected = pytest.raises(AssertionError, match=f"{status}; request 7")
    with answering(answer) as address, expected:
        require_answer(7, address, PART)


def test_a_missing_or_late_answer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_answers, "LIMIT_SECONDS", 0.3)
    with answering(until_closed) as address, pytest.raises(AssertionError, match="no answer wi"):
        require_answer(7, address, WHOLE)
    with answering(sending()) as address, pytest.raises(AssertionError, match="no answer; "):
        require_answer(7, address, WHOLE)


def test_an_unfinished_request_need_not_be_answered() -> None:
    with answering(until_closed) as address:
        assert require_answer(7, address, PART) is None


def test_an_unfinished_request_ends_after_a_provisional_answer_too() -> None:
    def ask_for_the_rest(connection: socket.socket) -> None:
        sending(b"HTTP/1.1 100 Continue\r\n\r\n")(connection)
        until_closed(connection)

    with answering(ask_for_the_rest) as address:
        assert require_answer(7, address, PART) is None


def test_a_provisional_answer_is_not_the_answer() -> None:
    parts = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 201 Created\r\n", b"\r\n"
    with answering(sending(*parts)) as address:
        assert require_answer(7, address, WHOLE) == 201


def test_a_request_can_be_repeated() -> None:
    assert [*raw_requests(1, 50, ["t"])] == [*raw_requests(1, 50, ["t"])]
    assert len({each.data for each in raw_requests(1, 50, ["t"])}) > 45
