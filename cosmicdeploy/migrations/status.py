"""What Artisan's `migrate:status` says, in the table of Laravel 8 and the list of 9 and later."""

from __future__ import annotations

import re
from collections.abc import Iterable

# | Yes  | 2026_02_02_000001_add_heartbeat_management_fields_to_remotes | 2     |
TABLE_ROW = re.compile(r"^\|\s*(Yes|No)\s*\|\s*(\S+)\s*\|", re.MULTILINE)
# 2026_02_02_000001_add_heartbeat_management_fields_to_remotes ....... [2] Ran
LIST_ROW = re.compile(r"^\s*(\S+)\s+\.{2,}\s+(?:\[\d+\]\s+)?(Ran|Pending)\s*$", re.MULTILINE)
NO_TABLE = "Migration table not found"
# What Artisan says where it asks before it acts in production, and nobody answers.
NOT_ANSWERED = re.compile(r"Command cancell?ed", re.IGNORECASE)


def pending(status: str) -> list[str]:
    """Names of the migrations that have not run."""
    table = [name for ran, name in TABLE_ROW.findall(status) if ran == "No"]
    listed = [name for name, state in LIST_ROW.findall(status) if state == "Pending"]
    return table + listed


def names(status: str) -> list[str]:
    """Names of all migrations that the console has the files of."""
    rows = [name for _, name in TABLE_ROW.findall(status)]
    return rows + [name for name, _ in LIST_ROW.findall(status)]


def known(status: str) -> bool:
    """Whether the text is a status at all."""
    return bool(TABLE_ROW.search(status) or LIST_ROW.search(status))


def not_answered(said: str) -> bool:
    """Whether the console asked somebody, and took silence for a no."""
    return bool(NOT_ANSWERED.search(said))


def listed(names: Iterable[str]) -> str:
    """For people: one name, or how many."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{len(names)} migrations ({', '.join(names)})"
