"""What came back from one HTTP request."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

OK = 200
LIMITED = 429
UNAVAILABLE = 503
# What asks for more is not meant, in seconds.
LONGEST = 86400.0
# How much of an answer is worth showing, in characters.
SHOWN = 120


@dataclass(frozen=True, kw_only=True)
class Response:
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

    @property
    def retry_after(self) -> float | None:
        """In how many seconds the client shall ask again, at most a day; None where the answer does
        not say."""
        text = self.headers.get("Retry-After", "").strip()
        try:
            seconds = float(text) if text.isdecimal() else _until(text)
        except (ValueError, OverflowError):
            return None
        return min(max(0.0, seconds), LONGEST)

    @property
    def shown(self) -> str:
        """As much of the body as is worth showing."""
        return self.body[:SHOWN]

    def __str__(self) -> str:
        if self.error:
            return f"{self.url}: {self.error}" if self.url else self.error
        said = "" if self.status == OK else f" {self.shown}"
        return f"{self.url}: {self.status} in {self.seconds * 1000:.0f} ms{said}"


def _until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()
