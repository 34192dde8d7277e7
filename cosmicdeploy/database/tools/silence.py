"""Explain why a dump tool prints nothing: show what its session on the server does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.process_list import Process, read_process_list
from cosmicdeploy.errors import BackupError, CommandSilent, DatabaseError

# Statements of a dump tool that may be shown. Any other statement may contain values of rows.
SHOWABLE = re.compile(r"\s*(?:SHOW\b|SELECT /\*!40001 SQL_NO_CACHE \*/)", re.IGNORECASE)
LONGEST_SHOWN = 120
# The host of the tools in the process list, since they connect over the server's socket.
TOOLS_HOST = "localhost"
# How long the server may take to answer.
ANSWER_SECONDS = 10


@contextmanager
def explain_silence(access: DatabaseAccess, tool: str, seconds: float) -> Iterator[None]:
    """Convert a `CommandSilent` to a `BackupError` that shows what the tool's session does.

    `tool` is the name of the dump tool, and `seconds` how long it printed nothing.
    """
    try:
        yield
    except CommandSilent as error:
        raise BackupError(
            f"{tool} printed nothing for {seconds:g} s while it dumped {access.name}, and was"
            " stopped",
            where=access.where,
            todo="end the session that it waits for; or set a longer backup.silence in"
            " cosmicdeploy.yaml",
            details=_tool_sessions(access),
        ) from error


def _tool_sessions(access: DatabaseAccess) -> list[str]:
    """Return a line for each session of the tool, or else one that says why there is none."""
    with suppress(DatabaseError), open_session(access, ANSWER_SECONDS) as session:
        tools = [
            process for process in read_process_list(session).values() if _is_tool(process, access)
        ]
        return [_describe(process) for process in tools] or [
            "the tool has no session on the server"
        ]
    return ["the database server does not answer either"]


def _is_tool(process: Process, access: DatabaseAccess) -> bool:
    return (process.user, process.schema, process.host) == (access.user, access.name, TOOLS_HOST)


def _describe(process: Process) -> str:
    session, seconds = f"session {process.id}", process.seconds
    if process.is_idle:
        return (
            f"{session}: the server has answered, and has waited {seconds} s for the next statement"
        )
    is_safe = SHOWABLE.match(process.statement)
    shown = process.statement[:LONGEST_SHOWN] if is_safe else process.command
    return f"{session}, for {seconds} s: {process.state or 'at work'}: {shown}"
