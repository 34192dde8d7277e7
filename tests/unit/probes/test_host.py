"""The Host header of the requests through the proxy, and the name in TLS's first message."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes import http
from cosmicdeploy.probes.proof import connection
from cosmicdeploy.probes.proof.connection import Connection, ConnectionPool, Request
from cosmicdeploy.probes.urls import Front, front_at, front_of
from cosmicdeploy.settings import load
from cosmicdeploy.traffic.response import Response
from tests.unit.servers import serving

pytestmark = pytest.mark.unit

HOST = "shop.example:8443"
Send = Callable[[str, str], Response]
SENDS: dict[str, Send] = {
    "one request": lambda url, host: http.send_request(url + "/health", host=host),
    "retried": lambda url, host: http.send_with_retries(url + "/health", host=host),
    "kept": lambda url, host: Connection(url, host).send(Request(path="/health")),
    "once": lambda url, host: ConnectionPool(url, host).send_once(Request(path="/health")),
}


@pytest.mark.parametrize("send", SENDS.values(), ids=SENDS)
def test_a_request_carries_the_host_that_it_is_given_and_else_that_of_its_url(send: Send) -> None:
    with serving() as served:
        assert send(served.url, HOST).status == send(served.url, "").status == 200
    assert served.hosts == [HOST, served.url.removeprefix("http://")]


@contextmanager
def first_messages() -> Iterator[tuple[int, list[bytes]]]:
    """Listen on a port; yield it, and the first message of each connection."""
    received: list[bytes] = []

    def listen(server: socket.socket) -> None:
        while True:
            try:
                accepted, _ = server.accept()
            except OSError:
                return
            with closing(accepted):
                received.append(accepted.recv(65_536))

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=listen, args=[server], daemon=True).start()
        yield server.getsockname()[1], received
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("send", [SENDS["one request"], SENDS["once"]], ids=["httpx", "kept"])
def test_over_https_the_name_is_that_of_the_certificate_too(
    monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    for module in (http, connection):
        monkeypatch.setattr(module, "tls_context", ssl.create_default_context)
    with first_messages() as (port, received):
        assert send(f"https://127.0.0.1:{port}", HOST).error
        assert send(f"https://127.0.0.1:{port}", "").error
    named, unnamed = received
    assert b"shop.example" in named and b":8443" not in named
    assert b"shop.example" not in unnamed


@pytest.mark.parametrize(
    ("reached_at", "expected"),
    [
        ("null", Front("http://127.0.0.1:8080", "/api/health", "shop.example")),
        ("/ready", Front("http://127.0.0.1:8080", "/ready", "shop.example")),
        ("http://admin.example/ready", Front("http://admin.example", "/ready")),
    ],
)
def test_the_host_goes_with_the_address_of_the_stack_alone(
    ctx: Context, tmp_path: Path, reached_at: str, expected: Front
) -> None:
    path = tmp_path / "cosmicdeploy.yaml"
    path.write_text(
        "services: {app: [web], proxy: edge}\n"
        f"app: {{reached_at: {reached_at}}}\n"
        "probe: {url: 'http://127.0.0.1:8080/', host: shop.example}\n"
    )
    opened = replace(ctx, loaded=load(path, {}))
    assert front_of(opened, opened.settings.main_application) == expected
    assert front_at(opened, "/beat") == Front("http://127.0.0.1:8080", "/beat", "shop.example")


def test_without_the_setting_no_host_is_given(ctx: Context) -> None:
    probe = SimpleNamespace(url="http://127.0.0.1:8080", host=None)
    settings: Any = SimpleNamespace(probe=probe, main_application=None)
    opened = replace(ctx, loaded=SimpleNamespace(settings=settings))  # type: ignore[arg-type]
    assert front_at(opened, "/beat").host == ""
