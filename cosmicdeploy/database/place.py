"""A place for copies, as the settings name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

USERINFO = re.compile(r"//[^/@]+@")
SHORTEST_SECRET = 4


class Place(BaseModel):
    """Where copies go. `options` are fsspec's for the URL's protocol; `required` makes a copy that
    fails fail the step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(repr=False)
    options: dict[str, Any] = Field(default_factory=dict, repr=False)
    required: bool = False

    @property
    def name(self) -> str:
        """The URL as it may be shown and recorded."""
        return USERINFO.sub("//", self.url).rstrip("/")

    def told(self, error: Exception) -> str:
        """An error of the store in its own words, without what options and URL keep secret."""
        text = f"{type(error).__name__}: {error}"
        for secret in sorted(_strings(self.options), key=len, reverse=True):
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return USERINFO.sub("//", text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
