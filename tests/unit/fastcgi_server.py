"""A FastCGI server in this process that answers as php-fpm does; the test scripts its responses."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
HEAD = ">BBHHBx"


@dataclass(frozen=True)
class Asked:
    """A request: its variables and its body."""

    variables: dict[str, str]
    body: bytes


# What the application prints in answer to a request: on its output, and on its error output.
Application = Callable[[Asked], tuple[bytes, bytes]]


@dataclass
class FastCgiServer:
    """The address of a server, and the requests that it got."""

    port: int = 0
    requests: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"fcgi://127.0.0.1:{self.port}"


def php(release: str = "1", *, script: str = "/srv/index.php", ping: str = "/ping") -> Application:
    """Return php-fpm with one script, a `ping.path`, and an application with a `/health`.

    A release whose name ends in "bad" answers 500.
    """

    def answer(asked: Asked) -> tuple[bytes, bytes]:
        variables = asked.variables
        if variables["SCRIPT_NAME"] == ping:
            return b"Content-Type: text/plain\r\n\r\npong", b""
        if variables["SCRIPT_FILENAME"] != script:
            return b"Status: 404 Not Found\r\n\r\nFile not found.\n", b"Primary script unknown"
        path = variables["REQUEST_URI"].partition("?")[0]
        status = "200 OK" if path == "/health" else "404 Not Found"
        status = "500 Internal Server Error" if release.endswith("bad") else status
        return f"Status: {status}\r\nX-Release: {release}\r\n\r\n{path}".encode(), b""

    return answer


@contextmanager
def serving_fastcgi(application: Application, *, status: int = 0) -> Iterator[FastCgiServer]:
    """Run a server until the block ends; `status` is the protocol status of each response.

    Closes the connection of anything that is not FastCGI without a response, as php-fpm does.
    """
    served = FastCgiServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            params = body = b""
            while True:
                head = self.rfile.read(8)
                if len(head) < 8 or head[0] != 1:
                    return
                _, kind, number, length, padding = struct.unpack(HEAD, head)
                content = self.rfile.read(length + padding)[:length]
                if kind == PARAMS:
                    params += content
                if kind == STDIN:
                    body += content
                    if not content:
                        break
            asked = Asked(_pairs(params), body)
            served.requests.append(asked)
            output, errors = application(asked)
            self.wfile.write(
                b"".join(
                    [
                        _record(STDERR, number, errors) if errors else b"",
                        *(_record(STDOUT, number, output[n : n + 50]) for n in _parts(output)),
                        _record(STDOUT, number, b""),
                        _record(END, number, struct.pack(">IB3x", 0, status)),
                    ]
                )
            )

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    server = Server(("127.0.0.1", 0), Handler)
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


def _parts(content: bytes) -> range:
    return range(0, len(content), 50)


def _record(kind: int, number: int, content: bytes) -> bytes:
    padding = -len(content) % 8
    return struct.pack(HEAD, 1, kind, number, len(content), padding) + content + bytes(padding)


def _pairs(data: bytes) -> dict[str, str]:
    pairs, at = {}, 0
    while at < len(data):
        lengths = []
        for _ in range(2):
            if data[at] < 0x80:
                lengths.append(data[at])
                at += 1
            else:
                lengths.append(struct.unpack_from(">I", data, at)[0] & 0x7FFFFFFF)
                at += 4
        name_length, length = lengths
        name, at = data[at : at + name_length].decode(), at + name_length
        pairs[name], at = data[at : at + length].decode(), at + length
    return pairs
