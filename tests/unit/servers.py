"""An HTTP server in this process, that does to its clients what a test tells it to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """An answer of a test's own."""

    status: int
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)


# What to do with the n-th request (from 1): a reply, a status, or "drop", "slow", "announce".
Script = Callable[[int], Reply | int | str]
SLOW_SECONDS = 0.6


@dataclass
class Served:
    """Where it listens, and what came: `connections` counts those that were opened."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def serving(script: Script = lambda _number: 200) -> Iterator[Served]:
    """Serve until the block is left.

    `drop` answers well and hangs up without a word after it; `announce` says `Connection: close`.
    """
    served, lock = Served(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            with lock:
                served.connections += 1

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                served.requests.append(f"{self.command} {self.path}")
                served.bodies.append(body)
                what = script(len(served.requests))
            if what == "slow":
                time.sleep(SLOW_SECONDS)
            reply = (
                what if isinstance(what, Reply) else Reply(what if isinstance(what, int) else 200)
            )
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if what == 503:
                self.send_header("Retry-After", "5")
            if what == "announce":
                self.send_header("Connection", "close")
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body.encode())
            if what == "drop":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
