"""Read host, port and path of a URL or an address, and nothing that may be a password."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Of several hosts the first one counts. What follows a semicolon are parameters.
_PLACE = re.compile(
    r"(?P<host>\[[\da-fA-F:.]+\]|[\w.-]+)(?::(?P<port>\d{1,5}))?(?:,[^/;#]*)?"
    r"(?:/(?P<path>[^;#]*))?(?:[;#].*)?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Place:
    """Where a URL leads; "" for a part that it lacks, or that could be a part of its password."""

    scheme: str = ""
    host: str = ""
    port: str = ""
    path: str = ""


def read_place(text: str) -> Place:
    """Return where a URL such as "mysql://user:password@host:3306/shop", or "host:3306", leads.

    A password may have any character, also those that end a host elsewhere.
    """
    scheme, separator, rest = text.removeprefix("jdbc:").partition("://")
    before, _, query = (rest if separator else text).partition("?")
    is_unclear = "@" in query and "@" not in before  # the query may be the rest of a password
    match = None if is_unclear else _PLACE.fullmatch(before.rpartition("@")[2])
    known = scheme if separator else ""
    if match is None:
        return Place(known)
    return Place(known, match["host"], match["port"] or "", match["path"] or "")
