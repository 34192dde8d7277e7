"""The step `unlock`: remove a scheduled command's stale lock."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.application.overlap_lock import OverlapLock, overlap_locks, remove_lock
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged


class Held(BaseModel):
    """A lock as it was when the deployer found it stale; it has the fields of `OverlapLock`."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    key: str
    owner: str
    left: int


class UnlockStep(Step):
    """Remove these locks from the cache, unless another command has taken them since."""

    kind: ClassVar[str] = "unlock"

    locks: tuple[Held, ...] = Field(min_length=1)

    def check(self, ctx: Context) -> Change | Unchanged:
        left = self._left(ctx)
        if not left:
            return Unchanged(reason="the locks are gone, or another command holds them")
        return Change(summary=f"remove {', '.join(lock.key for lock in left)}")

    def apply(self, ctx: Context, change: Change) -> Result:
        removed = []
        for lock in self._left(ctx):
            ctx.lock.require()
            if remove_lock(ctx, lock):
                ctx.say(f"{lock.key} is removed")
                removed.append(lock.key)
        return {"removed": removed}

    def _left(self, ctx: Context) -> list[OverlapLock]:
        stale = {lock.key: OverlapLock(**lock.model_dump()) for lock in self.locks}
        return [
            stale[now.key]
            for now in overlap_locks(ctx)
            if now.key in stale
            and now.owner == stale[now.key].owner
            and now.left <= stale[now.key].left
        ]
