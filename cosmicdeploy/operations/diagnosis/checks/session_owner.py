"""The service that a database session belongs to, and the session in words."""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.database.sessions.process_list import Process

# Characters of a statement that are shown.
SHOWN = 120


class Owners:
    """The stack's services by their containers' addresses."""

    def __init__(self, ctx: Context) -> None:
        self._services: Mapping[str, str] = {
            known: name
            for name in ctx.settings.services.all
            if (container := ctx.container(name)) is not None
            for known in (*container.addresses.values(), container.name)
        }

    def of(self, host: str) -> str:
        """Return the service that has a client's address, else the address."""
        name = host.rpartition(":")[0] or host
        return self._services.get(name, name)

    def describe(self, session: Process) -> str:
        """Describe a session: id, user, service, seconds, and what it does."""
        return f"session {session.id} ({session.user}@{self.of(session.host)}, {at_what(session)})"


def at_what(session: Process) -> str:
    """Describe what a session does, and for how many seconds."""
    if not session.is_idle:
        return f"{session.seconds} s: {shown(session.statement) or session.command}"
    open_for = session.transaction_seconds
    if open_for is not None:
        return f"idle for {session.seconds} s, its transaction open for {open_for} s"
    return f"idle for {session.seconds} s"


def shown(statement: str) -> str:
    """Return a statement as one short line without its strings, which may be data or secrets."""
    from cosmicdeploy.migrations.sql import without_strings  # sqlglot is slow to import

    text = " ".join(without_strings(statement).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def by_hand(ctx: Context, session: Process, *, statement_only: bool = False) -> str:
    """Return the command with which the operator can end a session, or only its statement."""
    database, word = ctx.settings.database, "KILL QUERY" if statement_only else "KILL"
    return f'cosmicdeploy exec database mysql -u {database.user} -e "{word} {session.id}"'
