"""Device tokens: only their hashes are ever stored."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """A fresh token, safe in a header and in JSON."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """The form in which a token is stored: SHA-256 in hexadecimal.

    A plain digest is enough: tokens are random and long, so there is nothing to guess.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def bearer_token(header: str | None) -> str | None:
    """The token in an `Authorization` header, or None where there is none."""
    scheme, _, token = (header or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
