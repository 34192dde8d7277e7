"""The way out of a run that can be neither finished nor undone."""

from __future__ import annotations

import re

ACCEPT = "take what runs as the present state: `cosmicdeploy deploy --abort --accept`"
UNDO = "undo it: `cosmicdeploy deploy --abort`"
# A command that changes something; one that only shows what is so leads back to the same place.
WAY_OUT = re.compile(
    r"`cosmicdeploy (?!(?:status|diagnose|verify|checklist|watch|logs|backup list|backup show)\b)"
)


def with_abort_advice(todo: str, *, data: bool) -> str:
    """What to do about a run that cannot be undone: `todo`, and where that names no way out, the
    last one. Where `data` was exchanged there is none but to undo it all the same."""
    if WAY_OUT.search(todo):
        return todo
    if data:
        return f"{todo}; then {UNDO}" if todo else UNDO
    return f"{todo}; or {ACCEPT}" if todo else ACCEPT
