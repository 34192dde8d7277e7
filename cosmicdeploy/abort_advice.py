"""Advice for the operator about an interrupted run that can be neither finished nor undone."""

from __future__ import annotations

import re

ACCEPT = "accept what runs as the current state: `cosmicdeploy deploy --abort --accept`"
UNDO = "undo it: `cosmicdeploy deploy --abort`"
# Matches a command that changes something. Commands that only read cannot resolve the error.
CHANGING_COMMAND = re.compile(
    r"`cosmicdeploy (?!(?:status|diagnose|verify|checklist|monitor|watch|logs|backup list"
    r"|backup show)\b)"
)


def with_abort_advice(todo: str, *, data: bool) -> str:
    """Return `todo`; if it names no command that changes something, add one as the last resort.

    The last resort is to accept what runs now, or to undo the run if it has swapped `data`.
    """
    if CHANGING_COMMAND.search(todo):
        return todo
    if data:
        return f"{todo}; then {UNDO}" if todo else UNDO
    return f"{todo}; or {ACCEPT}" if todo else ACCEPT
