"""A replica that answers with its release; on SIGTERM it ends the requests in hand.

A release whose name ends in "bad" never gets healthy.
"""

import http.server
import os
import signal
import threading

RELEASE = os.environ["RELEASE"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        ill = self.path == "/health" and RELEASE.endswith("bad")
        self.send_response(500 if ill else 200)
        self.send_header("X-Release", RELEASE)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128


if __name__ == "__main__":
    server = Server(("", 8000), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(0.05)
