"""The step `unlock`: remove a scheduled command's stale lock."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.application.overlap_lock import OverlapLock, overlap_locks, remove_lock
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged


class Held(BaseModel):
    """A lock as it was when the deployer found it stale, with the fields of `OverlapLock`."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    key: str
    owner: str
    left: int


class UnlockStep(Step):
    """Remove these locks from the cache, unless another command has taken them since."""

    kind: ClassVar[str] = "unlock"

    locks: tuple[Held, ...] = Field(min_length=1)

    def check(self, ctx: Context) -> Change | Unchanged:
        stale = self._still_stale(ctx)
        if not stale:
            return Unchanged(reason="the locks are gone, or another command holds them")
        return Change(summary=f"remove {', '.join(lock.key for lock in stale)}")

    def apply(self, ctx: Context, change: Change) -> Result:
        removed = []
        for lock in self._still_stale(ctx):
            ctx.lock.require()
            if remove_lock(ctx, lock):
                ctx.say(f"{lock.key} is removed")
                removed.append(lock.key)
        return {"removed": removed}

    def _still_stale(self, ctx: Context) -> list[OverlapLock]:
        """Return the locks that exist and that no command has taken since they were found stale.

        A lock that was taken since has another `owner`, or more time `left`.
        """
        stale = {lock.key: OverlapLock(**lock.model_dump()) for lock in self.locks}
        return [
            stale[current.key]
            for current in overlap_locks(ctx)
            if current.key in stale
            and current.owner == stale[current.key].owner
            and current.left <= stale[current.key].left
        ]
