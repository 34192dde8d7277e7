"""Parse the output of Artisan's `migrate:status`: a table in Laravel 8, a list in later versions.

Artisan is Laravel's console.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# | Yes  | 2026_02_02_000001_add_heartbeat_management_fields_to_remotes | 2     |
TABLE_ROW = re.compile(r"^\|\s*(Yes|No)\s*\|\s*(\S+)\s*\|", re.MULTILINE)
# 2026_02_02_000001_add_heartbeat_management_fields_to_remotes ....... [2] Ran
LIST_ROW = re.compile(r"^\s*(\S+)\s+\.{2,}\s+(?:\[\d+\]\s+)?(Ran|Pending)\s*$", re.MULTILINE)
NO_TABLE = "Migration table not found"
# Artisan prints this if it asks for confirmation in production and gets no answer.
CANCELLED = re.compile(r"Command cancell?ed", re.IGNORECASE)


def pending(status: str) -> list[str]:
    """Return the names of the migrations that have not run."""
    table = [name for ran, name in TABLE_ROW.findall(status) if ran == "No"]
    listed = [name for name, state in LIST_ROW.findall(status) if state == "Pending"]
    return table + listed


def names(status: str) -> list[str]:
    """Return the names of all migrations in the status, whether or not they have run."""
    rows = [name for _, name in TABLE_ROW.findall(status)]
    return rows + [name for name, _ in LIST_ROW.findall(status)]


def is_status(status: str) -> bool:
    """Return whether the text is the output of `migrate:status`."""
    return bool(TABLE_ROW.search(status) or LIST_ROW.search(status))


def was_not_confirmed(output: str) -> bool:
    """Return whether the console asked for confirmation and got none."""
    return bool(CANCELLED.search(output))


def summarize_names(names: Iterable[str]) -> str:
    """Return the names as text: one name as it is, several as "3 migrations (a, b, c)"."""
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"{len(listed)} migrations ({', '.join(listed)})"
