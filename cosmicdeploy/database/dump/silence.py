"""A dump tool that prints nothing any more: what it waits for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cosmicdeploy.database.access import DatabaseAccess, open_session
from cosmicdeploy.database.sessions.process_list import Activity, sessions
from cosmicdeploy.errors import BackupError, CommandSilent, DatabaseError

# A dump tool's own statements; what other sessions run may hold values of rows.
DUMPING = re.compile(r"\s*(?:SHOW\b|SELECT /\*!40001 SQL_NO_CACHE \*/)", re.IGNORECASE)
LONGEST_SHOWN = 120
# The tools log in over the server's own socket.
HERE = "localhost"
ANSWER_SECONDS = 10


@contextmanager
def explained_silence(access: DatabaseAccess, tool: str, seconds: float) -> Iterator[None]:
    """Turn the silence of a dump tool, while it still runs, into a `BackupError` with its cause."""
    try:
        yield
    except CommandSilent as error:
        raise BackupError(
            f"{tool} printed nothing for {seconds:g} s while it dumped {access.name}, and was"
            " ended",
            where=access.where,
            todo="end what it waits for; or allow it more seconds: backup.silence in"
            " cosmicdeploy.yaml",
            details=_at_work(access),
        ) from error


def _at_work(access: DatabaseAccess) -> list[str]:
    with suppress(DatabaseError), open_session(access, ANSWER_SECONDS) as session:
        tools = [each for each in sessions(session).values() if _is_tool(each, access)]
        return [_described(each) for each in tools] or ["it has no session on the server"]
    return ["the server does not answer either"]


def _is_tool(each: Activity, access: DatabaseAccess) -> bool:
    return (each.user, each.schema, each.host) == (access.user, access.name, HERE)


def _described(each: Activity) -> str:
    if each.sleeps:
        return f"session {each.id}: the server has answered, and waited {each.seconds} s for more"
    shown = each.statement[:LONGEST_SHOWN] if DUMPING.match(each.statement) else each.command
    return f"session {each.id}, for {each.seconds} s: {each.state or 'at work'}: {shown}"
