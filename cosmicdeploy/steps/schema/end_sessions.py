"""The step `end-sessions`: end database sessions that block others, each by its id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.process_list import Process, kill, read_process_list
from cosmicdeploy.errors import CosmicError, DatabaseError
from cosmicdeploy.process.polling import poll
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged

# In seconds; a killed session rolls its transaction back first.
ENDED_WITHIN = 20.0
CHECK_EVERY_SECONDS = 0.2


class Target(BaseModel):
    """A database session as it was when the operator chose to end it.

    `told` is the session's description for the operator; the journal stores it under this name.
    `seconds` is how long the session had run its statement, or had been idle.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    id: int
    user: str
    host: str
    seconds: int
    told: str

    def is_unchanged(self, now: Process) -> bool:
        """Whether the session still runs the same statement, or is still idle.

        Its seconds would have started again from 0 with another statement.
        """
        same = (now.user, now.host) == (self.user, self.host)
        return same and now.seconds >= self.seconds


class EndSessionsStep(Step):
    """End these database sessions; with `statement_only`, end only the statements that they run.

    A session that runs another statement by then is left alone.
    """

    kind: ClassVar[str] = "end-sessions"

    sessions: tuple[Target, ...] = Field(min_length=1)
    statement_only: bool = False

    def check(self, ctx: Context) -> Change | Unchanged:
        remaining = self._remaining(ctx)
        if not remaining:
            return Unchanged(reason="the sessions have ended, or run other statements by now")
        return Change(summary=f"end {', '.join(target.told for target in remaining)}")

    def apply(self, ctx: Context, change: Change) -> Result:
        ended = self._remaining(ctx)
        for target in ended:
            ctx.lock.require()
            ctx.say(f"ending {target.told}")
            try:
                with open_session(ctx.database()) as session:
                    kill(session, target.id, statement_only=self.statement_only)
            except DatabaseError as error:  # the session may have ended just now
                ctx.say(error.what)
        return {"ended": [target.id for target in ended]}

    def verify(self, ctx: Context, change: Change) -> None:
        remaining = poll(
            lambda: self._remaining(ctx),
            until=lambda sessions: not sessions,
            every=CHECK_EVERY_SECONDS,
            within=ENDED_WITHIN,
            sleep=ctx.sleep,
        )
        if remaining:
            raise CosmicError(
                f"{remaining[0].told} does not end",
                where="database",
                todo="it may be rolling back its transaction: see `cosmicdeploy diagnose`",
            )

    def _remaining(self, ctx: Context) -> list[Target]:
        with open_session(ctx.database()) as session:
            now = read_process_list(session)
        return [each for each in self.sessions if each.id in now and self._is_remaining(each, now)]

    def _is_remaining(self, target: Target, now: Mapping[int, Process]) -> bool:
        session = now[target.id]
        return target.is_unchanged(session) and not (self.statement_only and session.is_idle)
