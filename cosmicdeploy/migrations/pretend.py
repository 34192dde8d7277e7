"""Parse the output of Artisan's `migrate --pretend`: the statements of each pending migration.

Laravel 8 prints `<name>: <statement>` lines. Laravel 9 and later print a line with the name, then
`⇂ <statement>` lines. The name is that of the file, or of the class if the migration is a named
class. A statement may span several lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

BULLET = "⇂"
# A file's name begins with a date of four parts: `2026_02_02_000001_add_x`.
DATE_PARTS = 4


def statements(text: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the statements of each migration in `names`; an empty list if the text shows none."""
    known = {spelling: name for name in names for spelling in (name, class_name(name))}
    by_migration: dict[str, list[str]] = {name: [] for name in names}
    current = ""
    for line in text.splitlines():
        name, statement = _read(line, known)
        current = name or current
        if statement and current:
            by_migration[current].append(statement)
        elif not name and current and by_migration[current] and line.strip():
            by_migration[current][-1] += "\n" + line
    return by_migration


def class_name(migration: str) -> str:
    """Return the name of a migration's class: `2026_02_02_000001_add_x` → `AddX`."""
    words = migration.split("_")[DATE_PARTS:]
    return "".join(word[:1].upper() + word[1:] for word in words)


def _read(line: str, known: dict[str, str]) -> tuple[str, str]:
    """Return the migration that a line names and the statement that starts on it; "" for none."""
    words = line.strip()
    if words.startswith(BULLET):
        return "", words.removeprefix(BULLET).strip()
    name, colon, statement = words.partition(": ")
    if colon and name in known:
        return known[name], statement
    heading = re.sub(r"\s*\.{2,}.*$", "", words)
    return known.get(heading, ""), ""
