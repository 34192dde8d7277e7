"""Servers in this process: one with scripted HTTP responses, and one that stays silent."""

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
    """A scripted response."""

    status: int
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)


# The response to the n-th request (from 1): a reply, a status, or an action (see `serving`).
Script = Callable[[int], Reply | int | str]
SLOW_SECONDS = 0.6


@dataclass
class Served:
    """The address of a server, the requests it received and the number of connections opened.

    `hosts` are the Host headers of the requests.
    """

    url: str = ""
    requests: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    connections: int = 0


def status_of(action: int | str) -> int:
    return action if isinstance(action, int) else 200


@contextmanager
def serving(script: Script = lambda _number: 200) -> Iterator[Served]:
    """Run a server until the block ends.

    Every action responds with 200. `slow` does so after `SLOW_SECONDS`, `drop` then closes the
    connection without announcing it, `announce` announces it with `Connection: close`.
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
                served.hosts.append(str(self.headers["Host"]))
                action = script(len(served.requests))
            if action == "slow":
                time.sleep(SLOW_SECONDS)
            reply = action if isinstance(action, Reply) else Reply(status_of(action))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if action == 503:
                self.send_header("Retry-After", "5")
            if action == "announce":
                self.send_header("Connection", "close")
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body.encode())
            if action == "drop":
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


@contextmanager
def silent_server() -> Iterator[int]:
    """Run a server that accepts connections and never answers; yield its port on 127.0.0.1."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield int(listener.getsockname()[1])
