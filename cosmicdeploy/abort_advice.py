"""Advice about a run that can be neither finished nor undone."""

from __future__ import annotations

import re

ACCEPT = "accept what runs as the current state: `cosmicdeploy deploy --abort --accept`"
UNDO = "undo it: `cosmicdeploy deploy --abort`"
# Names a command that changes something. A command that only reads leads back to the same error.
CHANGING_COMMAND = re.compile(
    r"`cosmicdeploy (?!(?:status|diagnose|verify|checklist|monitor|watch|logs|backup list"
    r"|backup show)\b)"
)


def with_abort_advice(todo: str, *, data: bool) -> str:
    """Return `todo`, with a last resort added if it names no command that changes something.

    The last resort is to accept what runs; if the run swapped `data`, only an undo is left.
    """
    if CHANGING_COMMAND.search(todo):
        return todo
    if data:
        return f"{todo}; then {UNDO}" if todo else UNDO
    return f"{todo}; or {ACCEPT}" if todo else ACCEPT
