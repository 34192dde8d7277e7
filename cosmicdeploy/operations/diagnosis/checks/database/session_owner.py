"""Describe database sessions: which service each belongs to, and what it does."""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.sessions.process_list import Process
from cosmicdeploy.database.vendors import Vendor

# Characters of a statement that are shown.
MAX_SHOWN = 120


class Owners:
    """Finds the service that a database session belongs to, by the address of its client."""

    def __init__(self, ctx: Context, vendor: Vendor) -> None:
        self._client = client_command(ctx, vendor)
        self._services: Mapping[str, str] = {
            address: name
            for name in ctx.settings.services.all
            if (container := ctx.container(name)) is not None
            for address in (*container.addresses.values(), container.name)
        }

    def service_at(self, host: str) -> str:
        """Return the service at a client's address; the address itself if no service has it."""
        address = host.rpartition(":")[0] or host
        return self._services.get(address, address)

    def describe(self, session: Process) -> str:
        """Describe a session: its id, user and service, and what it does."""
        owner = f"{session.user}@{self.service_at(session.host)}"
        return f"session {session.id} ({owner}, {describe_activity(session)})"

    def kill_command(self, session: Process, *, statement_only: bool = False) -> str:
        """Return the command for the operator to end a session, or only its statement."""
        kill = "KILL QUERY" if statement_only else "KILL"
        return f'{self._client} -e "{kill} {session.id}"'


def describe_activity(session: Process) -> str:
    """Describe what a session does, and for how many seconds it has done so."""
    if not session.is_idle:
        return f"{session.seconds} s: {shorten_statement(session.statement) or session.command}"
    open_for = session.transaction_seconds
    if open_for is not None:
        return f"idle for {session.seconds} s, its transaction open for {open_for} s"
    return f"idle for {session.seconds} s"


def shorten_statement(statement: str) -> str:
    """Return a statement in one short line, without its strings: they may be data or secrets."""
    from cosmicdeploy.migrations.sql import without_strings  # sqlglot is slow to import

    text = " ".join(without_strings(statement).split())
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def client_command(ctx: Context, vendor: Vendor) -> str:
    """Return the command with which the operator calls the database's client."""
    return f"cosmicdeploy exec database {vendor.client} -u {ctx.require_database().user}"
