"""The base class and the types that all sections of the settings share."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

Words = tuple[str, ...]


class Section(BaseModel):
    """A part of the settings: frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _without_credentials(url: str | None) -> str | None:
    if url and "@" in urlsplit(url).netloc:
        raise ValueError("must not contain a user or password, since reports show it")
    return url


Url = Annotated[str, AfterValidator(_without_credentials)]
