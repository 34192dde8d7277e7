"""The base class and the types that all sections of the settings share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.text.host_names import is_host_name
from cosmicdeploy.text.numbers import port_number

Words = tuple[str, ...]


class Section(WrittenModel):
    """A part of the settings."""


def without_credentials(url: str | None) -> str | None:
    """Return the URL; raises `ValueError` if it contains a user or a password."""
    if url and "@" in urlsplit(url).netloc:
        raise ValueError("must not contain a user or password, since reports show the URL")
    return url


def _host(host: str) -> str:
    name, colon, port = host.partition(":")
    if not is_host_name(name) or (colon and port_number(port) is None):
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
