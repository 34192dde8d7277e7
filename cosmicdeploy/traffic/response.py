"""The response to one HTTP request, or the reason why there is none."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

OK = 200
LIMITED = 429
UNAVAILABLE = 503
# The longest Retry-After that is heeded, in seconds.
LONGEST = 86400.0
# Characters of a body that are shown.
SHOWN = 120


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response. Without one `status` is 0 and `error` says why.

    `seconds` is the time from the request to the end of the body.
    """

    url: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    error: str = ""

    @property
    def turned_away(self) -> bool:
        """Whether it is a 503 with Retry-After, as during maintenance."""
        return self.status == UNAVAILABLE and "Retry-After" in self.headers

    @property
    def retry_after(self) -> float | None:
        """Seconds until the client should ask again, at most a day; None without Retry-After."""
        text = self.headers.get("Retry-After", "").strip()
        try:
            seconds = float(text) if text.isdecimal() else _until(text)
        except (ValueError, OverflowError):
            return None
        return min(max(0.0, seconds), LONGEST)

    @property
    def shown(self) -> str:
        """The beginning of the body."""
        return self.body[:SHOWN]

    def __str__(self) -> str:
        if self.error:
            return f"{self.url}: {self.error}" if self.url else self.error
        body = "" if self.status == OK else f" {self.shown}"
        return f"{self.url}: {self.status} in {self.seconds * 1000:.0f} ms{body}"


def _until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()
