"""The kinds of objects, what a backup does with each on each server, and the table of them all.

`kinds.sql` has a block of statements for each kind, with blank lines in between. A block begins
with comments: the kind, the servers that have it if not all do, and a pattern in the error if it is
refused. A kind has several blocks if the servers need different statements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("kinds.sql")
# Version in the tests → heading of its column.
SERVERS = {
    "stable": "MariaDB 10.11",
    "newest": "MariaDB 11.8",
    "mysql-8": "MySQL 8.0",
    "mysql-9": "MySQL 9",
}
HEAD = re.compile(r"-- kind: (.+)\n(?:-- only: (.+)\n)?(?:-- refused: (.+)\n)?")


class Outcome(StrEnum):
    """What a backup does with a kind: its cell in the table."""

    RESTORED = "restored"
    REFUSED = "refused"
    ABSENT = "—"  # the server has no such kind


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of object: the statements that make one on some servers.

    If a backup refuses the kind, `named` is a pattern in the error, which names the object.
    """

    name: str
    versions: tuple[str, ...]
    named: str
    statements: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        return Outcome.REFUSED if self.named else Outcome.RESTORED


def read_kinds() -> tuple[Kind, ...]:
    """Return all kinds, one for each block."""
    _, *parts = HEAD.split(SOURCE.read_text(encoding="utf-8"))
    blocks = [parts[at : at + 4] for at in range(0, len(parts), 4)]
    return tuple(
        Kind(
            name=name,
            versions=tuple(only.split() if only else SERVERS),
            named=named or "",
            statements=tuple(body.strip().split("\n\n")),
        )
        for name, only, named, body in blocks
    )


KINDS = read_kinds()


def table() -> str:
    """Return the table of kinds and servers in Markdown."""
    lines = [f"| kind | {' | '.join(SERVERS.values())} |", f"|---|{'---|' * len(SERVERS)}"]
    for name in dict.fromkeys(each.name for each in KINDS):
        cells = dict.fromkeys(SERVERS, Outcome.ABSENT)
        for kind in KINDS:
            if kind.name == name:
                cells |= dict.fromkeys(kind.versions, kind.outcome)
        lines.append(f"| {name} | {' | '.join(cells.values())} |")
    return "\n".join(lines) + "\n"
