"""Device tokens. The database stores only their hashes."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Return a random token of letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return the hash under which a token is stored: SHA-256 in hexadecimal.

    A plain digest is enough, since tokens are too long and random to guess.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def bearer_token(header: str | None) -> str | None:
    """Return the bearer token in an `Authorization` header, or None."""
    scheme, _, token = (header or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
