"""Send requests as clients of the stack do, over HTTP or FastCGI, and measure their duration."""

from __future__ import annotations

import ssl
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cosmicdeploy.process.polling import poll
from cosmicdeploy.process.signals import interruptible
from cosmicdeploy.traffic.response import EXCERPT_LENGTH, OK, RATE_LIMITED, Response

if TYPE_CHECKING:
    import httpx

# Keeps httpx from importing its command line, which takes longer to import than the rest of httpx.
# The deployer does not use that command line, and httpx itself works without it.
sys.modules["httpx._main"] = None  # type: ignore[assignment]

__all__ = [
    "EXCERPT_LENGTH",
    "FASTCGI",
    "OK",
    "RATE_LIMITED",
    "SERVER_ERROR",
    "TIMEOUT_SECONDS",
    "Response",
    "send_request",
    "send_with_retries",
    "server_name",
    "tls_context",
]

TIMEOUT_SECONDS = 5.0
ATTEMPTS, PAUSE_SECONDS = 3, 0.3
# The lowest status with which a server reports a failure of its own (5xx).
SERVER_ERROR = 500
# The scheme of URLs that are requested over FastCGI.
FASTCGI = "fcgi"


def send_request(url: str, *, host: str = "", token: str = "", json: Any = None) -> Response:
    """Send one request and return its response: a POST if there is a JSON body, else a GET.

    Waits up to `TIMEOUT_SECONDS` for the connection, and again for each part of the response.
    Follows no redirects. If the network or the server fails, raises nothing: the response's `error`
    says what happened. A URL that begins with `fcgi://` is requested over FastCGI
    (`fastcgi/transport.py`). `host` is the Host header, and with https the name that the server's
    certificate has to be for; "" for the host of the URL.
    """
    import httpx  # slow to import

    method = "GET" if json is None else "POST"
    started = time.monotonic()
    try:
        # The proxies that the environment names are for the internet, not for the stack.
        with (
            interruptible(),
            httpx.Client(
                timeout=TIMEOUT_SECONDS,
                trust_env=False,
                verify=_verify(url),
                transport=_transport(url),
            ) as client,
        ):
            received = client.request(
                method,
                url,
                headers=_headers(host, token),
                json=json,
                extensions={"sni_hostname": server_name(host)} if host else None,
            )
    except httpx.HTTPError as error:
        return Response(
            url=url,
            error=str(error) or type(error).__name__,
            seconds=time.monotonic() - started,
        )
    return Response(
        url=url,
        status=received.status_code,
        headers=received.headers,
        body=received.text,
        seconds=time.monotonic() - started,
    )


def send_with_retries(url: str, *, host: str = "", token: str = "", json: Any = None) -> Response:
    """Send a request like `send_request`; repeat it if there is no response or a 5xx.

    Sends up to three requests, 0.3 s apart, since a single failure says little about a service.
    Returns the last response.
    """
    return poll(
        lambda: send_request(url, host=host, token=token, json=json),
        until=lambda response: not response.error and response.status < SERVER_ERROR,
        every=PAUSE_SECONDS,
        attempts=ATTEMPTS,
    )


def server_name(host: str) -> str:
    """Return the name in a Host header, without its port."""
    return host.partition(":")[0]


def _headers(host: str, token: str) -> dict[str, str]:
    own = {"Host": host, "Authorization": f"Bearer {token}" if token else ""}
    return {name: value for name, value in own.items() if value}


def _verify(url: str) -> ssl.SSLContext | bool:
    # Redirects are not followed, so a plain HTTP request never has to verify a certificate.
    return tls_context() if urlsplit(url).scheme == "https" else False


def _transport(url: str) -> httpx.BaseTransport | None:
    """Return the transport for a FastCGI URL; None for httpx's own transport, which speaks HTTP."""
    if urlsplit(url).scheme != FASTCGI:
        return None
    from cosmicdeploy.probes.fastcgi.transport import FastCgiTransport  # imports httpx

    return FastCgiTransport()


@cache
def tls_context() -> ssl.SSLContext:
    """Return a TLS context with the certificate authorities that the system trusts."""
    # Created once per process, since reading all certificates takes longer than a request.
    return ssl.create_default_context()
