"""Making devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cosmic_app.tokens import hash_token, new_token

if TYPE_CHECKING:
    from pymysql.cursors import DictCursor


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """A device; `token` is None where it has one from before, which nobody can say any more."""

    name: str
    token: str | None
    created: bool


def seed_many(cursor: DictCursor, count: int, *, fresh: bool) -> list[Seeded]:
    """See that KIOSK-01 … KIOSK-`count` exist; `fresh` gives new tokens to those that did."""
    names = [f"KIOSK-{number:02d}" for number in range(1, count + 1)]
    existing = _existing(cursor, names)
    seeded = [
        Seeded(
            name=name,
            token=new_token() if fresh or name not in existing else None,
            created=name not in existing,
        )
        for name in names
    ]
    for made in seeded:
        if made.token:
            _put(cursor, made.name, made.token)
    return seeded


def seed_named(cursor: DictCursor, name: str, token: str) -> Seeded:
    """See that one device exists and has this token."""
    created = not _existing(cursor, [name])
    _put(cursor, name, token)
    return Seeded(name=name, token=None, created=created)


def _existing(cursor: DictCursor, names: list[str]) -> set[str]:
    if not names:
        return set()
    cursor.execute("SELECT name FROM remotes WHERE name IN %s", (names,))
    return {row["name"] for row in cursor.fetchall()}


def _put(cursor: DictCursor, name: str, token: str) -> None:
    cursor.execute(
        "INSERT INTO remotes (name, token_hash, created_at, updated_at)"
        " VALUES (%s, %s, NOW(3), NOW(3))"
        " ON DUPLICATE KEY UPDATE token_hash = VALUES(token_hash), token_revoked = 0",
        (name, hash_token(token)),
    )
