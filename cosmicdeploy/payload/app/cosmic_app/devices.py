"""Create devices in the database, and give existing ones new tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cosmic_app.tokens import hash_token, new_token

if TYPE_CHECKING:
    from pymysql.cursors import DictCursor


@dataclass(frozen=True, kw_only=True)
class SeededDevice:
    """A device that exists now; `token` is None unless a new token was generated."""

    name: str
    token: str | None
    created: bool


def seed_many(cursor: DictCursor, count: int, *, fresh: bool) -> list[SeededDevice]:
    """Ensure that `count` devices exist (KIOSK-01, …); `fresh` gives existing ones new tokens."""
    names = [f"KIOSK-{number:02d}" for number in range(1, count + 1)]
    existing = _existing(cursor, names)
    seeded = [
        SeededDevice(
            name=name,
            token=new_token() if fresh or name not in existing else None,
            created=name not in existing,
        )
        for name in names
    ]
    for device in seeded:
        if device.token:
            _upsert(cursor, device.name, device.token)
    return seeded


def seed_named(cursor: DictCursor, name: str, token: str) -> SeededDevice:
    """Ensure that a device exists and that this token is valid, even if it was revoked."""
    created = not _existing(cursor, [name])
    _upsert(cursor, name, token)
    return SeededDevice(name=name, token=None, created=created)


def _existing(cursor: DictCursor, names: list[str]) -> set[str]:
    """Return those of the names that exist; the database may ignore case."""
    if not names:
        return set()
    cursor.execute("SELECT name FROM remotes WHERE name IN %s", (names,))
    found = {row["name"].casefold() for row in cursor.fetchall()}
    return {name for name in names if name.casefold() in found}


def _upsert(cursor: DictCursor, name: str, token: str) -> None:
    cursor.execute(
        "INSERT INTO remotes (name, token_hash, created_at, updated_at)"
        " VALUES (%s, %s, NOW(3), NOW(3))"
        " ON DUPLICATE KEY UPDATE token_hash = VALUES(token_hash), token_revoked = 0",
        (name, hash_token(token)),
    )
