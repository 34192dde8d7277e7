"""One HTTP request from outside, measured."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx

TIMEOUT_SECONDS = 5.0
OK = 200
UNAVAILABLE = 503
# How much of an answer is worth showing, in characters.
SHOWN = 120


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; `status` is 0 and `error` says why where nothing did. `seconds` to the end of
    the body."""

    url: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    error: str = ""

    @property
    def turned_away(self) -> bool:
        """Whether the client was told that this will pass."""
        return self.status == UNAVAILABLE and "Retry-After" in self.headers

    def __str__(self) -> str:
        if self.error:
            return f"{self.url}: {self.error}"
        said = "" if self.status == OK else f" {self.body[:SHOWN]}"
        return f"{self.url}: {self.status} in {self.seconds * 1000:.0f} ms{said}"


def ask(url: str, *, token: str = "", json: Any = None) -> Answer:
    """GET, or POST where there is a body; never raises for what the other side does."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    method = "GET" if json is None else "POST"
    started = time.monotonic()
    try:
        # The environment's proxies are for the world outside, not for the stack.
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=_trust()) as client:
            answer = client.request(method, url, headers=headers, json=json)
    except httpx.HTTPError as error:
        return Answer(
            url=url,
            error=str(error) or type(error).__name__,
            seconds=time.monotonic() - started,
        )
    return Answer(
        url=url,
        status=answer.status_code,
        headers=answer.headers,
        body=answer.text,
        seconds=time.monotonic() - started,
    )


@cache
def _trust() -> ssl.SSLContext:
    # Reading all certificates takes longer than a request; they are the same for each.
    return ssl.create_default_context()
