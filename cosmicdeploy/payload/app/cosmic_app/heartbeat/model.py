"""A beat on its way, and what may become of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Beat:
    """A beat with a valid body; whose it is, only the database can say. `id` is the sender's."""

    token_hash: str
    battery_level: float
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Device:
    """The owner of a token, with its status as last seen."""

    id: int
    status: str


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What the limiter says of one beat; `reset` is in seconds from now."""

    allowed: bool
    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The beat is committed."""

    should_reconnect: bool
    allowance: Allowance


@dataclass(frozen=True, kw_only=True)
class Limited:
    """The device sent more beats than it may; nothing was written."""

    allowance: Allowance


@dataclass(frozen=True)
class Unauthorized:
    """The token is unknown or revoked; nothing was written."""


@dataclass(frozen=True)
class Unavailable:
    """The beat could not be taken; the device should try again soon."""

    reason: str


Outcome = Accepted | Limited | Unauthorized | Unavailable
