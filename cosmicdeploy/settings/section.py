"""What all sections of the settings have in common."""

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
        raise ValueError("must hold no user and no password: it is shown in reports")
    return url


Url = Annotated[str, AfterValidator(_without_credentials)]
