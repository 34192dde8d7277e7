"""Clients that never try again: half on a new connection each time, half on one they keep."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT = 10.0


@dataclass
class Counted:
    """What came back."""

    sent: int = 0
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def ask(self, connection: http.client.HTTPConnection) -> None:
        """One POST, counted."""
        self.sent += 1
        started = time.monotonic()
        try:
            connection.request("POST", "/", body=b"{}")
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
def steady(url: str, per_second: float = 50, clients: int = 10) -> Iterator[Counted]:
    """So many requests per second by all clients together until the block is left."""
    counted, stop = Counted(), threading.Event()

    def run(keeps: bool) -> None:
        connection = connect(url)
        while not stop.wait(clients / per_second):
            counted.ask(connection)
            if not keeps:
                connection.close()
        connection.close()

    threads = [threading.Thread(target=run, args=(n % 2 == 0,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield counted
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def connect(url: str) -> http.client.HTTPConnection:
    """A connection to where a URL points."""
    place = urlsplit(url)
    return http.client.HTTPConnection(str(place.hostname), place.port, timeout=TIMEOUT)
