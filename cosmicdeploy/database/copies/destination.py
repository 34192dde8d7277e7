"""A destination for copies, as the settings define it; its secrets are masked in messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field

# User and password in a URL. The match ends at the last @, since a password that is not
# percent-encoded may contain @ and slashes.
USERINFO = re.compile(r"://([^/:]*:.*|[^/]*)@", re.DOTALL)
QUERY = re.compile(r"[?#](.*)", re.DOTALL)
# User, password and query of a URL within an error's text, where a space or a quote ends the URL.
USERINFO_IN_TEXT = re.compile(r"://\S*@")
QUERY_IN_TEXT = re.compile(r"(://[^\s?#]*)[?#][^\s'\")]*")
# Shorter values are not masked, since they occur in messages by chance.
SHORTEST_SECRET = 4


class Destination(BaseModel):
    """A destination for copies.

    `url` is a path, or a URL of a protocol that fsspec knows; `options` are fsspec's options for
    that protocol. `required`: if the copy to this destination fails, the backup step fails.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(repr=False)
    options: dict[str, Any] = Field(default_factory=dict, repr=False)
    required: bool = False

    @property
    def name(self) -> str:
        """The URL without user, password and query, for messages and records."""
        if "://" not in self.url:
            return self.url.rstrip("/")
        return QUERY.sub("", USERINFO.sub("://", self.url)).rstrip("/")

    @property
    def has_password(self) -> bool:
        """Whether the URL contains a password, or text that may be one."""
        match = USERINFO.search(self.url)
        return match is not None and ":" in match[1]

    def describe(self, error: Exception) -> str:
        """Return an error's type and message, with the secrets of options and URL masked."""
        text = f"{type(error).__name__}: {error}"
        secrets = {*_strings(self.options), *self._url_secrets()}
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return QUERY_IN_TEXT.sub(r"\1", USERINFO_IN_TEXT.sub("://", text))

    def _url_secrets(self) -> Iterator[str]:
        """Yield "user:password" or "user", the password, and the query; also percent-decoded."""
        if "://" not in self.url:
            return
        for match in (USERINFO.search(self.url), QUERY.search(USERINFO.sub("://", self.url))):
            for secret in (match[1], match[1].partition(":")[2]) if match else ():
                yield from (secret, unquote(secret))


def require_showable_urls(destinations: Sequence[Destination]) -> None:
    """Raise `ValueError` if a URL contains a password, or two destinations have the same name."""
    if exposed := next(
        (destination.name for destination in destinations if destination.has_password), None
    ):
        raise ValueError(
            f"the URL of {exposed} holds a password, or what looks like one: "
            "give it in `options`, as ${VARIABLE}"
        )
    twice = [
        name
        for name, count in Counter(destination.name for destination in destinations).items()
        if count > 1
    ]
    if twice:
        raise ValueError(
            f"two destinations have the URL {twice[0]}: give one of them another folder"
        )


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
