"""The step `end-sessions`: end database sessions that block others, each by its id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from cosmicdeploy.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.process_list import Process, kill, read_process_list
from cosmicdeploy.errors import CosmicError, DatabaseError
from cosmicdeploy.polling import poll
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged

# In seconds; an ended statement rolls its transaction back first.
ENDED_WITHIN = 20.0
LOOK_EVERY = 0.2


class Target(BaseModel):
    """A session as the check saw it.

    `told` describes it to the operator; `seconds` is how long its statement ran, or it was idle.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    id: int
    user: str
    host: str
    seconds: int
    told: str

    def is_it(self, now: Process) -> bool:
        """Whether the session is still the same one and runs the same statement."""
        same = (now.user, now.host) == (self.user, self.host)
        return same and now.seconds >= self.seconds


class EndSessionsStep(Step):
    """End these database sessions, or with `statement_only` the statement that each of them runs.

    A session that runs another statement by now is left alone.
    """

    kind: ClassVar[str] = "end-sessions"

    sessions: tuple[Target, ...] = Field(min_length=1)
    statement_only: bool = False

    def check(self, ctx: Context) -> Change | Unchanged:
        left = self._left(ctx)
        if not left:
            return Unchanged(reason="they have ended, or run something else by now")
        return Change(summary=f"end {', '.join(target.told for target in left)}")

    def apply(self, ctx: Context, change: Change) -> Result:
        ended = self._left(ctx)
        for target in ended:
            ctx.lock.require()
            ctx.say(f"ending {target.told}")
            try:
                with open_session(ctx.database()) as session:
                    kill(session, target.id, statement_only=self.statement_only)
            except DatabaseError as error:  # it may have ended just now
                ctx.say(error.what)
        return {"ended": [target.id for target in ended]}

    def verify(self, ctx: Context, change: Change) -> None:
        left = poll(
            lambda: self._left(ctx),
            until=lambda sessions: not sessions,
            every=LOOK_EVERY,
            within=ENDED_WITHIN,
        )
        if left:
            raise CosmicError(
                f"{left[0].told} does not end",
                where="database",
                todo="it may be rolling back its transaction: see `cosmicdeploy diagnose`",
            )

    def _left(self, ctx: Context) -> list[Target]:
        with open_session(ctx.database()) as session:
            now = read_process_list(session)
        return [each for each in self.sessions if each.id in now and self._is_left(each, now)]

    def _is_left(self, target: Target, now: Mapping[int, Process]) -> bool:
        found = now[target.id]
        return target.is_it(found) and not (self.statement_only and found.is_idle)
