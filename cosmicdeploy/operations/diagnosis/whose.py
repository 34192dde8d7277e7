"""Whose a session with the database is, as people know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.database.activity import Activity
from cosmicdeploy.operations.diagnosis.finding import Remedy
from cosmicdeploy.steps.end_sessions import EndSessionsStep, Target

# As much of a statement as is worth seeing.
SHOWN = 120
COMMAND = "diagnose --fix"


class Owners:
    """Knows the stack's services by their containers' addresses."""

    def __init__(self, ctx: Context) -> None:
        self._services: Mapping[str, str] = {
            known: name
            for name in ctx.settings.services.all
            if (found := ctx.container(name)) is not None
            for known in (*found.addresses.values(), found.name)
        }

    def of(self, host: str) -> str:
        """The service behind a client's address, else the address."""
        name = host.rpartition(":")[0] or host
        return self._services.get(name, name)

    def told(self, session: Activity) -> str:
        """Id, user, where from, for how long at what."""
        return f"session {session.id} ({session.user}@{self.of(session.host)}, {at_what(session)})"


def at_what(session: Activity) -> str:
    """What a session does, and for how many seconds."""
    if not session.sleeps:
        return f"{session.seconds} s: {shown(session.statement) or session.command}"
    if session.transaction is not None:
        return f"idle for {session.seconds} s, its transaction open for {session.transaction} s"
    return f"idle for {session.seconds} s"


def shown(statement: str) -> str:
    """A statement in one short line without its strings, which may be data or secrets."""
    from cosmicdeploy.migrations.sql import without_strings  # sqlglot is slow to import

    text = " ".join(without_strings(statement).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def ending(
    owners: Owners, sessions: Iterable[Activity], *, statement_only: bool
) -> tuple[Remedy, ...]:
    """The remedy that ends these; none where there are none, or a person has to decide on one."""
    found = list(sessions)
    if not found or any(session.protected for session in found):
        return ()
    what = "end the statement of" if statement_only else "end"
    step = EndSessionsStep(
        name="end sessions",
        sessions=tuple(_target(owners, session) for session in found),
        statement_only=statement_only,
    )
    says = f"{what} {', '.join(owners.told(session) for session in found)}"
    return (Remedy(says=says, command=COMMAND, steps=(step,)),)


def by_hand(ctx: Context, session: Activity, *, statement_only: bool = False) -> str:
    """The command for whoever wants to end a session by hand."""
    database, word = ctx.settings.database, "KILL QUERY" if statement_only else "KILL"
    return f'cosmicdeploy exec database mysql -u {database.user} -e "{word} {session.id}"'


def _target(owners: Owners, session: Activity) -> Target:
    return Target(
        id=session.id,
        user=session.user,
        host=session.host,
        seconds=session.seconds,
        told=owners.told(session),
    )
