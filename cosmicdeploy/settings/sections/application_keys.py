"""Settings of each application: its protocol and port, its health path and its release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from cosmicdeploy.settings.sections.section import Section, without_credentials

Protocol = Literal["http", "fastcgi", "other"]
# The value of `reached_at` for an application that no client sends requests to.
NOT_REACHED = ""


def _reached_at(value: Any) -> Any:
    if value is False:
        return NOT_REACHED
    if value is not None and not str(value).startswith(("/", "http://", "https://")):
        raise ValueError("must be a path that begins with /, a URL, or false")
    return without_credentials(value)


def _script(path: str) -> str:
    if not (path.startswith("/") and path.endswith(".php")):
        raise ValueError("must be an absolute path that ends in .php")
    if ".php/" in path:  # `probes/fastcgi` takes the first one for the end of the script
        raise ValueError("must be an absolute path without a folder whose name ends in .php")
    return path


class ApplicationKeys(Section):
    """The keys of an application: what its replicas listen on, and what they answer."""

    protocol: Protocol | None = Field(
        default=None,
        description="Protocol of a replica: http, fastcgi (php-fpm) or other. With other, only the"
        " container's health check says whether a replica is ready. Null for the protocol that"
        " the proxy's configuration in the stack's folder uses, else http",
    )
    port: int = Field(
        default=80,
        description="Port that a replica listens on, in its container. Default: 80, or"
        " 9000 for fastcgi",
    )
    script: Annotated[str, AfterValidator(_script)] | None = Field(
        default=None,
        description="Script in the container that answers the health path over FastCGI; without"
        " it, the deployer sends no requests to a replica that has a health check",
    )
    health_path: str = Field(
        default="/api/health", description="Path that answers 200 when a replica is ready"
    )
    reached_at: Annotated[
        str | None,
        BeforeValidator(_reached_at, json_schema_input_type=str | Literal[False] | None),
    ] = Field(
        default=None,
        description="Path or URL at which clients get a 200 from the application; false if no"
        " client sends it requests; null for the health path at the address of the stack",
    )
    release_variable: str = Field(
        default="APP_VERSION",
        description="Name of the build argument and environment variable that hold the release",
    )
    release_header: str | None = Field(
        default=None, description="Response header that holds the release"
    )


@dataclass(frozen=True, kw_only=True)
class Presumed:
    """Protocol, port and script of an application's replicas, beyond what the settings name.

    `place` is the proxy's directive that decided the protocol, as "file:line, directive"; "" if
    the settings decided the protocol. `script` is "" if it is unknown.
    """

    protocol: Protocol
    port: int
    script: str = ""
    place: str = ""
