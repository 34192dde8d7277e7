"""A relay in front of a registry that stops sending in the middle of a large response."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 16_384


@dataclass
class Stalling:
    """`host` is its address. `stalled` is set once a response was stopped."""

    host: str
    stalled: threading.Event = field(default_factory=threading.Event)


@contextmanager
def stalling(target: str, after: int = 200_000) -> Iterator[Stalling]:
    """Forward connections to a registry; send at most `after` bytes on each of them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Stalling(f"127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_accept, args=(listener, target, after, relay))
        thread.start()
        try:
            yield relay
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, target: str, after: int, relay: Stalling) -> None:
    host, _, port = target.partition(":")
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection((host, int(port)))
        for work in ((client, server, None, None), (server, client, after, relay)):
            threading.Thread(target=_forward, args=work, daemon=True).start()


def _forward(
    source: socket.socket, sink: socket.socket, limit: int | None, relay: Stalling | None
) -> None:
    sent = 0
    with suppress(OSError):
        while data := source.recv(CHUNK):
            if limit is not None and relay is not None and sent + len(data) > limit:
                relay.stalled.set()
                return  # both ends stay open, and nothing more is sent
            sink.sendall(data)
            sent += len(data)
        sink.shutdown(socket.SHUT_WR)
