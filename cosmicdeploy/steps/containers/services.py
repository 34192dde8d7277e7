"""Start what a deploy needs: networks, volumes, and the containers of database, cache and proxy."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable, LockLost
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.settings import Support
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.rollout.replace import journal_facts, put_back, replace


class ServicesStep(Step):
    """Create or start what is missing; leave alone what runs."""

    kind: ClassVar[str] = "services"

    roles: tuple[Support, ...] = Field(
        default=("database", "cache", "proxy"), description="Roles of the containers to start."
    )

    def check(self, ctx: Context) -> Change | Unchanged:
        missing = {
            name: journal_facts(container)
            for name in ctx.settings.services.of(self.roles)
            if (container := ctx.container(name)) is None or not container.is_running
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
                ctx.say(f"network {network.name} created")
        for volume in ctx.stack.volumes.values():
            if not volume.external and ctx.engine.ensure_volume(volume, ctx.stack.project):
                ctx.say(f"volume {volume.name} created")
        started = [name for name in change.before["containers"] if self._bring_up(ctx, name)]
        return {"started": started}

    @staticmethod
    def _bring_up(ctx: Context, name: str) -> bool:
        container = ctx.container(name)
        if container is None:
            replace(ctx, name)
        else:
            start_container(ctx, name, container.id)
            wait_ready(ctx, container.id, name)
        ctx.say(f"{name} is healthy")
        return True

    def undo(self, ctx: Context, change: Change) -> None:
        """Remove what was created, unless services that existed before need it.

        What was only started stays, too: without it the others could not be repaired.
        """
        if remaining := self.kept_after_undo(change):
            ctx.say(remaining)
        kept, errors = _kept(change), list[CosmicError]()
        for name in reversed(change.before["containers"]):
            try:
                if name not in kept:
                    put_back(ctx, name, None)
            except (EngineUnavailable, LockLost):
                raise
            except CosmicError as error:  # the others are put back nevertheless
                errors.append(error)
        if errors:
            raise errors[0]

    def kept_after_undo(self, change: Change) -> str:
        names = _kept(change)
        return f"left running, although stopped or missing before: {', '.join(names)}" * bool(names)


def _kept(change: Change) -> list[str]:
    needed = bool(change.before.get("needed_by"))
    containers = change.before["containers"].items()
    return [name for name, before in containers if needed or before is not None]
