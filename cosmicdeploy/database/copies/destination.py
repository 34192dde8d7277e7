"""A place for copies, as the settings name it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field

# Up to the last @: a password that was not quoted may hold one, and slashes.
USERINFO = re.compile(r"://([^/:]*:.*|[^/]*)@", re.DOTALL)
QUERY = re.compile(r"[?#](.*)", re.DOTALL)
TOLD_USERINFO = re.compile(r"://\S*@")
TOLD_QUERY = re.compile(r"(://[^\s?#]*)[?#][^\s'\")]*")
SHORTEST_SECRET = 4


class Destination(BaseModel):
    """Where copies go. `options` are fsspec's for the URL's protocol; `required` makes a copy that
    fails fail the step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(repr=False)
    options: dict[str, Any] = Field(default_factory=dict, repr=False)
    required: bool = False

    @property
    def name(self) -> str:
        """The URL as it may be shown and recorded."""
        if "://" not in self.url:
            return self.url.rstrip("/")
        return QUERY.sub("", USERINFO.sub("://", self.url)).rstrip("/")

    @property
    def has_password(self) -> bool:
        """Whether the URL itself holds one, or what may be one."""
        found = USERINFO.search(self.url)
        return found is not None and ":" in found[1]

    def told(self, error: Exception) -> str:
        """An error of the store in its own words, without what options and URL keep secret."""
        text = f"{type(error).__name__}: {error}"
        secrets = {*_strings(self.options), *self._url_secrets()}
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return TOLD_QUERY.sub(r"\1", TOLD_USERINFO.sub("://", text))

    def _url_secrets(self) -> Iterator[str]:
        if "://" not in self.url:
            return
        for part in (USERINFO.search(self.url), QUERY.search(USERINFO.sub("://", self.url))):
            for text in (part[1], part[1].partition(":")[2]) if part else ():
                yield from (text, unquote(text))


def require_showable_urls(places: Sequence[Destination]) -> None:
    """Raise `ValueError` where a URL holds a password, or where two places have one name."""
    if secret := next((place.name for place in places if place.has_password), None):
        raise ValueError(
            f"the URL of {secret} holds a password, or what looks like one: "
            "give it in `options`, as ${VARIABLE}"
        )
    twice = [name for name, count in Counter(place.name for place in places).items() if count > 1]
    if twice:
        raise ValueError(f"two places are called {twice[0]}: give one of them another folder")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
