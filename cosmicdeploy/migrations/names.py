"""Names of migrations as text."""

from __future__ import annotations

from collections.abc import Iterable


def summarize_names(names: Iterable[str]) -> str:
    """Return the names as text: one name as it is, several as "3 migrations (a, b, c)"."""
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"{len(listed)} migrations ({', '.join(listed)})"
