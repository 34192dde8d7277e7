"""HTTP requests to the stack, as its clients send them, with their duration."""

from __future__ import annotations

import ssl
import sys
import time
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from cosmicdeploy.polling import poll
from cosmicdeploy.signals import interruptible
from cosmicdeploy.traffic.response import LIMITED, OK, SHOWN, Response

# httpx loads a command line of its own, which the deployer does not use and which takes longer to
# load than the rest of httpx. httpx works without it where its requirements are not installed.
sys.modules["httpx._main"] = None  # type: ignore[assignment]

__all__ = [
    "BROKEN",
    "LIMITED",
    "OK",
    "SHOWN",
    "TIMEOUT_SECONDS",
    "Response",
    "ask",
    "ask_with_retries",
    "trust",
]

TIMEOUT_SECONDS = 5.0
ATTEMPTS, PAUSE_SECONDS = 3, 0.3
# From this status on (5xx) the server itself says that it failed.
BROKEN = 500


def ask(url: str, *, token: str = "", json: Any = None) -> Response:
    """Send one request and return its answer: a GET, or a POST where there is a JSON body.

    Waits up to `TIMEOUT_SECONDS`. Follows no redirect. Never raises for what the server or the
    network does: `error` of the answer says what happened.
    """
    import httpx  # slow to import: here that is mostly while commands run in containers

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    method = "GET" if json is None else "POST"
    started = time.monotonic()
    try:
        # The environment's proxies are for the world outside, not for the stack.
        with (
            interruptible(),
            httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=_verify(url)) as client,
        ):
            answer = client.request(method, url, headers=headers, json=json)
    except httpx.HTTPError as error:
        return Response(
            url=url,
            error=str(error) or type(error).__name__,
            seconds=time.monotonic() - started,
        )
    return Response(
        url=url,
        status=answer.status_code,
        headers=answer.headers,
        body=answer.text,
        seconds=time.monotonic() - started,
    )


def ask_with_retries(url: str, *, token: str = "", json: Any = None) -> Response:
    """As `ask`, with up to three requests 0.3 s apart while there is no answer or a 5xx.

    A single failed request says little about a service.
    """
    return poll(
        lambda: ask(url, token=token, json=json),
        until=lambda response: not response.error and response.status < BROKEN,
        every=PAUSE_SECONDS,
        attempts=ATTEMPTS,
    )


def _verify(url: str) -> ssl.SSLContext | bool:
    # Redirects are not followed: a request that begins without TLS has no certificate to verify.
    return trust() if urlsplit(url).scheme == "https" else False


@cache
def trust() -> ssl.SSLContext:
    """Return the certificate authorities that the system trusts; read once per process."""
    # Reading all certificates takes longer than a request.
    return ssl.create_default_context()
