"""The kinds of objects, and the table of what a backup does with each kind on each server.

`kinds.sql` has a block of statements for each kind, with blank lines between statements. A block
begins with comments. `kind:` names the kind. `only:` names the servers that have the kind, if not
all do. `refused:` is a pattern of the error, if a backup refuses the kind. A kind has several
blocks if the servers need different statements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("kinds.sql")
# Server version as the tests name it → heading of the version's column in the table.
SERVERS = {
    "stable": "MariaDB 10.11",
    "newest": "MariaDB 11.8",
    "mysql-8": "MySQL 8.0",
    "mysql-9": "MySQL 9",
}
HEAD = re.compile(r"-- kind: (.+)\n(?:-- only: (.+)\n)?(?:-- refused: (.+)\n)?")


class Outcome(StrEnum):
    """What a backup does with a kind, as a cell of the table says it."""

    RESTORED = "restored"
    REFUSED = "refused"
    ABSENT = "—"  # the server has no such kind


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of object: the statements that create an object of the kind on some servers.

    If a backup refuses the kind, `named` is a pattern that the error matches; the error names the
    object.
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
