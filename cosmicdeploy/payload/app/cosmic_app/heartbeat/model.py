"""A heartbeat (beat), its device, and its possible outcomes."""

from __future__ import annotations

from dataclasses import dataclass

from cosmic_app.heartbeat.body import BadBody


@dataclass(frozen=True, kw_only=True)
class Beat:
    """A beat as it arrived: neither its token nor its body is checked yet."""

    token_hash: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device, and the status that it had when it was read."""

    id: int
    status: str


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """The decision of the rate limiter on a beat; `reset` is in seconds from now."""

    allowed: bool
    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The beat is committed; `should_reconnect` if the device was not connected before."""

    should_reconnect: bool
    allowance: Allowance


@dataclass(frozen=True, kw_only=True)
class Limited:
    """The device exceeded the rate limit; nothing was written."""

    allowance: Allowance


@dataclass(frozen=True)
class Unauthorized:
    """The token is unknown or revoked; nothing was written."""


@dataclass(frozen=True)
class Invalid:
    """The token is valid but the body is not; nothing was written."""

    error: BadBody


@dataclass(frozen=True)
class Unavailable:
    """The beat could not be written; the device should retry soon."""

    reason: str


Outcome = Accepted | Limited | Unauthorized | Invalid | Unavailable
