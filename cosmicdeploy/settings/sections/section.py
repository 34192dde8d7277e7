"""The base class and the types that all sections of the settings share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.text.numbers import port_number

Words = tuple[str, ...]
# A label of a host name. Underscores are no part of the standard, but of many names.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=[^:]{{1,253}}(?::|$))({_LABEL}(?:\.{_LABEL})*)(?::(?P<port>.*))?")


class Section(WrittenModel):
    """A part of the settings."""


def without_credentials(url: str | None) -> str | None:
    """Return the URL; raises `ValueError` if it contains a user or a password."""
    if url and "@" in urlsplit(url).netloc:
        raise ValueError("must not contain a user or password, since reports show the URL")
    return url


def _host(host: str) -> str:
    found = _HOST.fullmatch(host)
    if found is None or (found["port"] is not None and port_number(found["port"]) is None):
        raise ValueError(
            "must be a host name, with a port if clients send one, such as shop.example or"
            " shop.example:8443"
        )
    return host


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str | Path) else value


# One path, or a list of at least one path.
Paths = Annotated[
    tuple[Path, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=Path | tuple[Path, ...]),
    Field(min_length=1),
]
Url = Annotated[str, AfterValidator(without_credentials)]
# The value of a Host header.
Host = Annotated[str, AfterValidator(_host)]
