"""Sessions with the database that are in the way are ended, each by its id."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from cosmicdeploy.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.process_list import Process, kill, read_process_list
from cosmicdeploy.errors import CosmicError, DatabaseError
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged

# A statement that is ended takes back what it did first, in seconds.
ENDED_WITHIN = 20.0
LOOK_EVERY = 0.2


class Target(BaseModel):
    """A session as it was found; `told` is how people know it, `seconds` how long it had been at
    what it does, or done nothing."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    id: int
    user: str
    host: str
    seconds: int
    told: str

    def is_it(self, now: Process) -> bool:
        """Whether it is still the same one, and at the same thing."""
        same = (now.user, now.host) == (self.user, self.host)
        return same and now.seconds >= self.seconds


class EndSessionsStep(Step):
    """End these sessions with the database, or (`statement_only`) what each of them runs.

    One that has gone on to something else meanwhile is left alone.
    """

    kind: ClassVar[str] = "end-sessions"

    sessions: tuple[Target, ...] = Field(min_length=1)
    statement_only: bool = False

    def check(self, ctx: Context) -> Change | Unchanged:
        left = self._left(ctx)
        if not left:
            return Unchanged(reason="they have ended, or gone on to something else")
        return Change(summary=f"end {', '.join(target.told for target in left)}")

    def apply(self, ctx: Context, change: Change) -> Result:
        ended = self._left(ctx)
        for target in ended:
            ctx.lock.require()
            ctx.say(f"ending {target.told}")
            try:
                with open_session(ctx.database()) as session:
                    kill(session, target.id, statement_only=self.statement_only)
            except DatabaseError as error:  # it may have just ended, which is what was wanted
                ctx.say(error.what)
        return {"ended": [target.id for target in ended]}

    def verify(self, ctx: Context, change: Change) -> None:
        until = time.monotonic() + ENDED_WITHIN
        while left := self._left(ctx):
            if time.monotonic() >= until:
                raise CosmicError(
                    f"{left[0].told} does not end",
                    where="database",
                    todo="it may be taking back what it did: see `cosmicdeploy diagnose`",
                )
            time.sleep(LOOK_EVERY)

    def _left(self, ctx: Context) -> list[Target]:
        with open_session(ctx.database()) as session:
            now = read_process_list(session)
        return [each for each in self.sessions if each.id in now and self._is_left(each, now)]

    def _is_left(self, target: Target, now: Mapping[int, Process]) -> bool:
        found = now[target.id]
        return target.is_it(found) and not (self.statement_only and found.is_idle)
