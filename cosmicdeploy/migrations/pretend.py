"""Parse the output of Artisan's `migrate --pretend`: the statements of each pending migration.

Artisan is Laravel's console. In Laravel 8 it prints `<name>: <statement>` lines. In later versions
it prints a line with the name, then `⇂ <statement>` lines. The name is the migration's class name,
or its file name if the class has no name. A statement may span several lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

BULLET = "⇂"
# A file's name begins with a date of four parts: `2026_02_02_000001_add_x`.
DATE_PARTS = 4


def statements(text: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the statements in `text` by migration.

    Each migration in `names` has an entry; the list is empty if the text shows no statement of it.
    """
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
    """Return the migration that a line names and the statement that begins there, each "" if none.

    `known` are the migrations by file name and by class name.
    """
    words = line.strip()
    if words.startswith(BULLET):
        return "", words.removeprefix(BULLET).strip()
    name, colon, statement = words.partition(": ")
    if colon and name in known:
        return known[name], statement
    # Artisan fills the line after the name with dots.
    heading = re.sub(r"\s*\.{2,}.*$", "", words)
    return known.get(heading, ""), ""
