"""Advice for the operator about a run whose undo failed or is impossible."""

from __future__ import annotations

import re

ACCEPT = "accept what runs as the current state: `cosmicdeploy deploy --abort --accept`"
UNDO = "undo it: `cosmicdeploy deploy --abort`"
# Matches every command except those named here, which only read, and so cannot resolve the error.
CHANGING_COMMAND = re.compile(
    r"`cosmicdeploy (?!(?:status|diagnose|verify|checklist|monitor|watch|logs|backup list"
    r"|backup show)\b)"
)


def with_abort_advice(todo: str, *, data: bool) -> str:
    """Return `todo` with a last resort, unless `todo` already names a command that changes things.

    `todo` is the advice of the error that stopped the undo. `data` says whether the run has swapped
    the database's data. If so, the last resort is to undo the run; if not, to accept what runs.
    """
    if CHANGING_COMMAND.search(todo):
        return todo
    if data:
        return f"{todo}; then {UNDO}" if todo else UNDO
    return f"{todo}; or {ACCEPT}" if todo else ACCEPT
