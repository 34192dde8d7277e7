"""One HTTP request from outside, measured."""

from __future__ import annotations

import ssl
import sys
import threading
import time
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import tenacity

from cosmicdeploy.signals import interruptible
from cosmicdeploy.traffic.response import LIMITED, OK, SHOWN, Response

# httpx has a command line of its own, and does without it where what that needs is not installed.
# Nobody needs it here, and to load it takes longer than all the rest of httpx.
sys.modules["httpx._main"] = None  # type: ignore[assignment]

__all__ = [
    "BROKEN",
    "LIMITED",
    "OK",
    "SHOWN",
    "TIMEOUT_SECONDS",
    "Response",
    "ask",
    "ask_again",
    "load_early",
    "trust",
]

TIMEOUT_SECONDS = 5.0
ATTEMPTS, PAUSE_SECONDS = 3, 0.3
BROKEN = 500


def load_early() -> None:
    """Load in the background what `ask` needs: for whoever is about to wait for something else."""
    threading.Thread(target=import_module, args=("httpx",), name="httpx", daemon=True).start()


def ask(url: str, *, token: str = "", json: Any = None) -> Response:
    """GET, or POST where there is a body; never raises for what the other side does."""
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


def ask_again(url: str, *, token: str = "", json: Any = None) -> Response:
    """As `ask`, up to three times where nobody answers or the server fails: one answer that went
    wrong says little of a service."""
    asking = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_fixed(PAUSE_SECONDS),
        retry=tenacity.retry_if_result(lambda answer: answer.error or answer.status >= BROKEN),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    found: Response = asking(ask, url, token=token, json=json)
    return found


def _verify(url: str) -> ssl.SSLContext | bool:
    # Redirections are not followed: what begins without TLS has no certificate to be verified.
    return trust() if urlsplit(url).scheme == "https" else False


@cache
def trust() -> ssl.SSLContext:
    """The authorities that the system trusts."""
    # Reading all certificates takes longer than a request; they are the same for each.
    return ssl.create_default_context()
