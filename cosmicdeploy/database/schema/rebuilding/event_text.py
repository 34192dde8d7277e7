"""Read and change the status in the text of a scheduled event."""

from __future__ import annotations

import re

from cosmicdeploy.database.schema.definitions import Definition
from cosmicdeploy.errors import BackupError

NAME = r"(?:`(?:[^`]|``)*`|[\w$]+)"
# The text of an event as the server writes it, up to its status. A quotation within the schedule
# has no escapes, so no word in it is taken for the status.
HEAD = re.compile(
    rf"(?P<schedule>CREATE (?:DEFINER={NAME}(?:@{NAME})? )?EVENT {NAME} ON SCHEDULE"
    r" (?:[^'\"`\\]|'[^'\\]*')*? ON COMPLETION )(?P<completion>(?:NOT )?PRESERVE )"
)
STATUS = re.compile(r"(?:ENABLE|DISABLE(?: ON (?:SLAVE|REPLICA))?)(?= (?:COMMENT '|DO ))")


def is_enabled(event: Definition) -> bool:
    """Return whether the server runs the event. Raises `BackupError` as `disabled` does."""
    return _parts(event)[1][0] == "ENABLE"


def disabled(event: Definition, *, always_dropped: bool = False) -> str:
    """Return the statement that creates an event disabled, so that the server never runs it.

    With `always_dropped`, the statement creates nothing if the event's last time has passed, even
    if the event says ON COMPLETION PRESERVE. Raises `BackupError` if the statement is not as the
    server writes it: a forged one might be created enabled, or in another schema.
    """
    head, status = _parts(event)
    completion = "NOT PRESERVE " if always_dropped else head["completion"]
    return f"{head['schedule']}{completion}DISABLE{event.statement[status.end() :]}"


def _parts(event: Definition) -> tuple[re.Match[str], re.Match[str]]:
    head = HEAD.match(event.statement)
    status = STATUS.match(event.statement, head.end()) if head else None
    if head is None or status is None:
        raise BackupError(
            f"{event.label} has another text than a server writes, so it cannot be tried",
            todo="use another backup: `cosmicdeploy backup list`",
        )
    return head, status
