"""Connections of a simple HTTP client, which neither checks idle connections nor retries.

Other clients with a connection pool, such as httpx, check an idle connection before they reuse it
and open a new one if the server has closed it. That hides what a reload of nginx does to clients
that do not check. Here a connection that the server closed without notice is a failed request.

Two kinds of closed connections are no failure, since every client handles them: after a response
with `Connection: close`, and after `IDLE_SECONDS` without a request, the next request opens a new
connection.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from queue import Empty, LifoQueue
from typing import Any
from urllib.parse import urlsplit

from cosmicdeploy.probes.http import TIMEOUT_SECONDS, server_name, tls_context
from cosmicdeploy.traffic.response import Response

# Shorter than the keep-alive time of servers (uvicorn 5 s, nginx 60 s and more).
IDLE_SECONDS = 4.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """A POST if there is a body, which is sent as JSON; else a GET."""

    path: str
    token: str = ""
    body: Mapping[str, Any] | None = None


class Connection:
    """A connection, opened at the first request. Not thread-safe.

    `host` is the Host header of its requests; "" for the host of the URL.
    """

    def __init__(self, url: str, host: str = "") -> None:
        self._url, self._host, parts = url, host, urlsplit(url)
        self._prefix = parts.path.rstrip("/")
        self._http = _client(parts.scheme, parts.hostname or "", parts.port, server_name(host))
        self._used = time.monotonic()

    def send(self, request: Request) -> Response:
        """Send a request once; the response's `error` says if the network or the server failed."""
        started = time.monotonic()
        if started - self._used > IDLE_SECONDS:
            self.close()
        url = self._url + request.path
        try:
            response = self._exchange(request, url, started)
        except (OSError, HTTPException, ValueError) as error:
            self.close()
            text = str(error) or type(error).__name__
            response = Response(url=url, error=text, seconds=time.monotonic() - started)
        self._used = time.monotonic()
        return response

    def _exchange(self, request: Request, url: str, started: float) -> Response:
        method = "GET" if request.body is None else "POST"
        body = None if request.body is None else json.dumps(request.body).encode()
        self._http.request(method, self._prefix + request.path, body, self._headers(request))
        response = self._http.getresponse()
        text = _body(response, started + TIMEOUT_SECONDS).decode("utf-8", "replace")
        return Response(
            url=url,
            status=response.status,
            headers={name.title(): value for name, value in response.getheaders()},
            body=text,
            seconds=time.monotonic() - started,
        )

    def _headers(self, request: Request) -> dict[str, str]:
        own = {"Host": self._host} if self._host else {}
        return {**own, **_headers(request)}

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        self._http.close()

    def abort(self) -> None:
        """End the wait of another thread for the response."""
        # `close` alone would not wake that thread.
        with suppress(OSError, AttributeError):  # not connected, or not any more
            self._http.sock.shutdown(socket.SHUT_RDWR)


class ConnectionPool:
    """A pool of kept connections; the one that was used last is reused first."""

    def __init__(self, url: str, host: str = "") -> None:
        self._url, self._host = url, host
        self._idle: LifoQueue[Connection] = LifoQueue()
        self._in_use: set[Connection] = set()

    def send(self, request: Request) -> Response:
        """Send a request on an idle connection, or on a new one."""
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = Connection(self._url, self._host)
        response = self._send(connection, request)
        self._idle.put(connection)
        return response

    def send_once(self, request: Request) -> Response:
        """Send a request on a new connection, then close it."""
        connection = Connection(self._url, self._host)
        try:
            return self._send(connection, request)
        finally:
            connection.close()

    def _send(self, connection: Connection, request: Request) -> Response:
        self._in_use.add(connection)
        try:
            return connection.send(request)
        finally:
            self._in_use.discard(connection)

    def abort(self) -> None:
        """End the wait for each response that has not come yet."""
        for connection in list(self._in_use):
            connection.abort()

    def close(self) -> None:
        """Close all idle connections."""
        while not self._idle.empty():
            self._idle.get_nowait().close()


def _body(response: HTTPResponse, deadline: float) -> bytes:
    """Read the whole body; raises `TimeoutError` after the deadline (monotonic clock)."""
    body = bytearray()
    while chunk := response.read1(65_536):
        body += chunk
        if time.monotonic() > deadline:
            raise TimeoutError(f"the response did not end within {TIMEOUT_SECONDS:.0f} s")
    response.close()  # `read1` does not close the response at its end
    return bytes(body)


class _TlsConnection(HTTPSConnection):
    """A connection to an address whose certificate has to be for the name `certified`."""

    def __init__(self, address: str, port: int | None, certified: str) -> None:
        super().__init__(address, port, timeout=TIMEOUT_SECONDS, context=tls_context())
        self._certified = certified

    def connect(self) -> None:
        # That of `HTTPSConnection` verifies the certificate against the address.
        HTTPConnection.connect(self)
        self.sock = tls_context().wrap_socket(self.sock, server_hostname=self._certified)


def _client(scheme: str, address: str, port: int | None, name: str) -> HTTPConnection:
    if scheme == "https":
        return _TlsConnection(address, port, name or address)
    return HTTPConnection(address, port, timeout=TIMEOUT_SECONDS)


def _headers(request: Request) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "cosmicdeploy"}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    if request.token:
        headers["Authorization"] = f"Bearer {request.token}"
    return headers
