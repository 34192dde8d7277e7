"""Send requests at a steady rate, in a separate process.

    python -m benchmarks.deploy.load

Reads {"host", "port", "rate", "tokens", "out"} as one line of JSON from standard input, and sends
requests until standard input ends. Then writes each request to `out`, as one line of JSON with the
fields of `benchmarks.deploy.requests.Request`.

Requests start when they are due, even if earlier requests take long. They alternate between a new
and a kept-alive connection, and between the health page and a device's heartbeat. No request is
sent again: if a kept connection is closed, its request fails.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httptools

from benchmarks.deploy.requests import Request

HEALTH, BEAT = "/api/health", "/api/devices/heartbeat"
BODY = b'{"battery_level": 85}'
LONGEST_SECONDS = 10.0
# The load gets real-time priority where this is permitted, so that its own delays are not measured.
# A nice value would not help: it only applies within a session (sched(7), autogroup).
PRIORITY = os.sched_param(1)
KEPT_CONNECTIONS = 20
READ_BYTES = 65536


class Connection:
    """A connection to the load balancer, for one request at a time.

    Responses are parsed in C, so that the load leaves nearly all CPU time to what it measures.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._ended = False
        self.reusable = False

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        return cls(*await asyncio.open_connection(host, port))

    async def exchange(self, request: bytes) -> int:
        """Send a request and return the status of the response.

        Raises `OSError` or `HttpParserError`.
        """
        self._parser = httptools.HttpResponseParser(self)
        self._ended = self.reusable = False
        self._writer.write(request)
        while not self._ended:
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise ConnectionResetError("closed before the response was complete")
            self._parser.feed_data(data)
        return int(self._parser.get_status_code())

    def on_message_complete(self) -> None:
        """Record the end of the response; the parser calls this, and then forgets the response."""
        self._ended, self.reusable = True, self._parser.should_keep_alive()

    def close(self) -> None:
        self._writer.close()


@dataclass
class Load:
    """Sends requests and collects their results in `done`."""

    host: str
    port: int
    rate: float
    tokens: list[str]
    done: list[Request] = field(default_factory=list)
    _idle: deque[Connection] = field(default_factory=deque)

    async def send_until(self, stop: threading.Event) -> None:
        """Send requests at the rate until `stop` is set, then wait for the pending responses."""
        for _ in range(KEPT_CONNECTIONS):
            self._idle.append(await Connection.open(self.host, self.port))
        started, pending = time.monotonic(), set()
        for number in itertools.count():
            due = started + number / self.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if stop.is_set():
                break
            task = asyncio.create_task(self._send_one(number, due))
            pending.add(task)
            task.add_done_callback(pending.discard)
        await asyncio.gather(*pending)

    async def _send_one(self, number: int, due: float) -> None:
        kept, is_beat = number % 2 == 1, number // 2 % 2 == 1
        token = self.tokens[number // 4 % len(self.tokens)] if is_beat else ""
        request = self._request(kept, token)
        started, status, error = time.monotonic(), 0, ""
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                status = await self._send(request, kept)
        except (OSError, httptools.HttpParserError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        self.done.append(
            Request(
                due=due,
                start=started,
                end=time.monotonic(),
                status=status,
                kept=kept,
                path=BEAT if is_beat else HEALTH,
                error=error,
            )
        )

    async def _send(self, request: bytes, kept: bool) -> int:
        if kept and self._idle:
            connection = self._idle.popleft()
        else:
            connection = await Connection.open(self.host, self.port)
        keep = False
        try:
            status = await connection.exchange(request)
            keep = kept and connection.reusable
        finally:
            if keep:
                self._idle.append(connection)
            else:
                connection.close()
        return status

    def _request(self, kept: bool, token: str) -> bytes:
        lines = [f"{'POST' if token else 'GET'} {BEAT if token else HEALTH} HTTP/1.1"]
        lines += [f"Host: {self.host}:{self.port}"]
        lines += [] if kept else ["Connection: close"]
        if token:
            lines += [
                f"Authorization: Bearer {token}",
                "Content-Type: application/json",
                f"Content-Length: {len(BODY)}",
            ]
        return "\r\n".join([*lines, "", ""]).encode() + (BODY if token else b"")


def main() -> None:
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, PRIORITY)
    task: dict[str, Any] = json.loads(sys.stdin.readline())
    load = Load(task["host"], task["port"], task["rate"], task["tokens"])
    stop = threading.Event()
    # Standard input ends even if the parent process is killed.
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    asyncio.run(load.send_until(stop))
    with Path(task["out"]).open("w", encoding="utf-8") as file:
        for request in load.done:
            file.write(json.dumps(asdict(request)) + "\n")


if __name__ == "__main__":
    main()
