"""The response to one HTTP request, or the reason why there is none."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

OK = 200
RATE_LIMITED = 429
UNAVAILABLE = 503
# A longer Retry-After counts as this long.
MAX_RETRY_AFTER_SECONDS = 86400.0
# Messages show this many characters of a body.
EXCERPT_LENGTH = 120


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response; if there is none, `status` is 0 and `error` says why.

    `seconds` is the time from the request to the end of the body.
    """

    url: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    error: str = ""

    @property
    def is_turned_away(self) -> bool:
        """Whether this is a 503 with Retry-After, as clients get it during maintenance."""
        return self.status == UNAVAILABLE and "Retry-After" in self.headers

    @property
    def is_failure(self) -> bool:
        """Whether this is neither a 200 nor a 429.

        A 429 does not show whether the application works.
        """
        return self.status not in (OK, RATE_LIMITED)

    @property
    def retry_after(self) -> float | None:
        """The seconds to wait by Retry-After, at most a day; None without a valid Retry-After."""
        text = self.headers.get("Retry-After", "").strip()
        try:
            seconds = float(text) if text.isdecimal() else _until(text)
        except (ValueError, OverflowError):
            return None
        return min(max(0.0, seconds), MAX_RETRY_AFTER_SECONDS)

    @property
    def excerpt(self) -> str:
        """The beginning of the body."""
        return self.body[:EXCERPT_LENGTH]

    def __str__(self) -> str:
        if self.error:
            return f"{self.url}: {self.error}" if self.url else self.error
        body = "" if self.status == OK else f" {self.excerpt}"
        return f"{self.url}: {self.status} in {self.seconds * 1000:.0f} ms{body}"


def _until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()
