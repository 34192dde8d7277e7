"""A replica that answers each path with its release; on SIGTERM it ends the requests in hand.

It listens on PORT (8000). A release whose name ends in "bad" never gets healthy: HEALTH_PATH
(/health) answers 500. So does any release once its container has a file /ill. DRAIN_PATH (/drained)
answers 500 then too, and while the container has a drain file (/dev/shm/drain). Paths that end in
/slow take a second.
"""

import http.server
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

RELEASE = os.environ["RELEASE"]
HEALTH_PATH, DRAIN_PATH = os.environ.get("HEALTH_PATH", "/health"), "/drained"
PORT = int(os.environ.get("PORT", "8000"))
ending = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def is_ill(self) -> bool:
        return RELEASE.endswith("bad") or Path("/ill").exists()

    def fails(self) -> bool:
        is_drained = self.path == DRAIN_PATH and Path("/dev/shm/drain").exists()
        return is_drained or (self.path in (HEALTH_PATH, DRAIN_PATH) and self.is_ill())

    def body(self) -> bytes:
        return b""

    def do_GET(self) -> None:
        if self.path.endswith("/slow"):
            time.sleep(1)
        body = self.body()
        self.send_response(500 if self.fails() else 200)
        self.send_header("X-Release", RELEASE)
        self.send_header("Content-Length", str(len(body)))
        if ending.is_set():
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """Its end waits for the requests in hand, and for no connection without one."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, handler: type[Handler]) -> None:
        super().__init__(("", PORT), handler)
        self.open: set[socket.socket] = set()

    def process_request_thread(self, request: socket.socket, client_address: object) -> None:
        self.open.add(request)
        super().process_request_thread(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def end(self) -> None:
        ending.set()
        self.shutdown()
        for request in list(self.open):
            with suppress(OSError):  # it has just ended
                request.shutdown(socket.SHUT_RD)  # what was received before is answered still


def serve(handler: type[Handler] = Handler) -> None:
    server = Server(handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.end).start())
    server.serve_forever(0.05)
    server.server_close()


if __name__ == "__main__":
    serve()
