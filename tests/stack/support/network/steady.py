"""Clients that never retry: half open a connection per request, half keep one."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from tests.stack.support.processes.threads import in_threads

TIMEOUT = 10.0


@dataclass
class Counted:
    """The number of requests, their failures, and the slowest answer in seconds.

    `host` is the Host header of the requests; "" for the host of their URL.
    """

    sent: int = 0
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    host: str = ""

    def ask(
        self, connection: http.client.HTTPConnection, path: str = "/", method: str = "POST"
    ) -> None:
        """Send a request and count its result."""
        self.sent += 1
        started = time.monotonic()
        try:
            body, headers = b"{}" if method == "POST" else None, {"Host": self.host}
            connection.request(method, path, body, headers if self.host else {})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            connection.close()
            return
        self.slowest = max(self.slowest, time.monotonic() - started)
        if answer.status != http.client.OK:
            self.failures.append(str(answer.status))


@contextmanager
def steady(
    url: str,
    per_second: float = 50,
    clients: int = 10,
    method: str = "POST",
    counted: Counted | None = None,
) -> Iterator[Counted]:
    """Send requests to a URL during the block, `per_second` from all clients together."""
    counted = counted or Counted()
    path = urlsplit(url).path or "/"

    def run(keeps: bool, stop: threading.Event) -> None:
        connection = connect(url)
        while not stop.wait(clients / per_second):
            counted.ask(connection, path, method)
            if not keeps:
                connection.close()
        connection.close()

    with in_threads(*(partial(run, n % 2 == 0) for n in range(clients))):
        yield counted


def connect(url: str) -> http.client.HTTPConnection:
    """Return a connection to the host of a URL."""
    parts = urlsplit(url)
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT)
