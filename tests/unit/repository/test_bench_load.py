"""The load of the deploy benchmark: each request is sent when it is due, and only once."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.deploy.measure import load
from benchmarks.deploy.requests import Request, p99, percentile, read_requests
from benchmarks.deploy.stack import Stack

pytestmark = pytest.mark.unit
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
RATE = 100


class Server:
    """A server that answers `answers` requests per connection, then closes it silently."""

    def __init__(self, answers: int) -> None:
        self.answers, self.received, self.lock = answers, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            for _ in range(self.answers):
                if not connection.recv(65536):
                    return
                with self.lock:
                    self.received += 1
                connection.sendall(RESPONSE)


@contextmanager
def serving(answers: int) -> Iterator[Server]:
    server = Server(answers)
    try:
        yield server
    finally:
        server.listener.close()


def sent_to(server: Server, folder: Path, answers: int = 80) -> list[Request]:
    """Send requests until the server has received `answers`; return all that were sent."""

    class Target(Stack):
        address = server.listener.getsockname()

    stack = Target(folder=folder, name="test", client=None, tokens=["token"])
    out = folder / "requests.jsonl"
    with load(stack, RATE, out):
        until = time.monotonic() + 60
        while server.received < answers and time.monotonic() < until:
            time.sleep(0.05)
    return read_requests(out)


def test_kept_and_new_connections_send_both_kinds_of_request(tmp_path: Path) -> None:
    with serving(answers=10_000) as server:
        sent = sent_to(server, tmp_path)
    assert not [request for request in sent if request.failed]
    assert len({(request.kept, request.path) for request in sent}) == 4
    assert server.received == len(sent)


def test_requests_are_due_at_equal_intervals(tmp_path: Path) -> None:
    with serving(answers=10_000) as server:
        due = sorted(request.due for request in sent_to(server, tmp_path))
    gaps = [after - before for before, after in itertools.pairwise(due)]
    assert gaps == pytest.approx([1 / RATE] * len(gaps))


def test_a_request_on_a_closed_connection_fails_and_is_not_sent_again(
    tmp_path: Path,
) -> None:
    with serving(answers=1) as server:
        sent = sent_to(server, tmp_path)
    failed = [request for request in sent if request.failed]
    assert failed
    assert all(request.kept and request.error for request in failed)
    assert server.received == len(sent) - len(failed)


def test_latency_counts_from_when_a_request_was_due() -> None:
    late = Request(due=1.0, start=1.5, end=1.75, status=200, kept=True, path="/")
    assert (late.ms, late.lag_ms) == (750, 500)
    assert p99([late]) == 750


def test_the_percentile_is_one_of_the_values() -> None:
    assert percentile(range(100), 0.99) == 99
    assert percentile([], 0.99) == 0
