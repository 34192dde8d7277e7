"""What Artisan's `migrate --pretend` says: the statements of each pending migration.

Laravel 8 prints `<name>: <statement>` a line; 9 and later a line with the name, then lines of
`⇂ <statement>`. The name is the file's, or the class's where the migration is a named class. A
statement may go on over several lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

BULLET = "⇂"
DATE_PARTS = 4


def statements(text: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Migration → its statements, for these migrations; empty where none is shown."""
    known = {spelling: name for name in names for spelling in (name, class_name(name))}
    found: dict[str, list[str]] = {name: [] for name in names}
    current = ""
    for line in text.splitlines():
        name, statement = _read(line, known)
        current = name or current
        if statement and current:
            found[current].append(statement)
        elif not name and current and found[current] and line.strip():
            found[current][-1] += "\n" + line
    return found


def class_name(migration: str) -> str:
    """The class that Artisan expects in a migration's file: `2026_02_02_000001_add_x` → `AddX`."""
    words = migration.split("_")[DATE_PARTS:]
    return "".join(word[:1].upper() + word[1:] for word in words)


def _read(line: str, known: dict[str, str]) -> tuple[str, str]:
    """The migration that a line names, and the statement that begins on it; "" for none."""
    words = line.strip()
    if words.startswith(BULLET):
        return "", words.removeprefix(BULLET).strip()
    name, colon, statement = words.partition(": ")
    if colon and name in known:
        return known[name], statement
    heading = re.sub(r"\s*\.{2,}.*$", "", words)
    return known.get(heading, ""), ""
