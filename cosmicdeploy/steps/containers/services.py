"""What a deploy rests on: networks, volumes, and the containers of database, cache and proxy."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable, LockLost
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.settings import Support
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.rollout.replace import journal_facts, put_back, replace


class ServicesStep(Step):
    """Create or start what is missing; touch nothing that runs."""

    kind: ClassVar[str] = "services"

    roles: tuple[Support, ...] = Field(
        default=("database", "cache", "proxy"), description="Whose containers."
    )

    def check(self, ctx: Context) -> Change | Unchanged:
        missing = {
            name: journal_facts(found)
            for name in ctx.settings.services.of(self.roles)
            if (found := ctx.container(name)) is None or not found.is_running
        }
        if not missing:
            known = ", ".join(ctx.settings.services.of(self.roles))
            return Unchanged(reason=f"running: {known}" if known else "the stack has none")
        released = [name for name in ctx.settings.services.released if ctx.container(name)]
        before = {"containers": missing, "needed_by": released}
        return Change(summary=f"start {', '.join(missing)}", before=before)

    def apply(self, ctx: Context, change: Change) -> Result:
        for network in ctx.stack.networks.values():
            if not network.external and ctx.engine.ensure_network(network, ctx.stack.project):
                ctx.say(f"network {network.name} made")
        for volume in ctx.stack.volumes.values():
            if not volume.external and ctx.engine.ensure_volume(volume, ctx.stack.project):
                ctx.say(f"volume {volume.name} made")
        started = [name for name in change.before["containers"] if self._bring_up(ctx, name)]
        return {"started": started}

    @staticmethod
    def _bring_up(ctx: Context, name: str) -> bool:
        found = ctx.container(name)
        if found is None:
            replace(ctx, name)
        else:
            ctx.engine.start(found.id)
            wait_ready(ctx, found.id, name)
        ctx.say(f"{name} is healthy")
        return True

    def undo(self, ctx: Context, change: Change) -> None:
        """What others need that were there before stays: without it they could not be mended. So
        does what was only started."""
        if told := self.kept_after_undo(change):
            ctx.say(told)
        staying, errors = _staying(change), list[CosmicError]()
        for name in reversed(change.before["containers"]):
            try:
                if name not in staying:
                    put_back(ctx, name, None)
            except (EngineUnavailable, LockLost):
                raise
            except CosmicError as error:  # the others are put back all the same
                errors.append(error)
        if errors:
            raise errors[0]

    def kept_after_undo(self, change: Change) -> str:
        names = _staying(change)
        return f"left running, though stopped or missing before: {', '.join(names)}" * bool(names)


def _staying(change: Change) -> list[str]:
    needed = bool(change.before.get("needed_by"))
    containers = change.before["containers"].items()
    return [name for name, before in containers if needed or before is not None]
