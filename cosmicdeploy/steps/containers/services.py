"""The step `services`: create or start infrastructure, with the stack's networks and volumes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable, LockLost
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.settings import Support
from cosmicdeploy.stack.order import needed_by
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.resources import ensure_networks_and_volumes
from cosmicdeploy.steps.rollout.replace import journal_facts, replace
from cosmicdeploy.steps.rollout.undo import put_back


class ServicesStep(Step):
    """Create or start infrastructure that does not run, with the stack's networks and volumes."""

    kind: ClassVar[str] = "services"

    roles: tuple[Support, ...] = Field(
        default=("database", "cache", "proxy"), description="Roles of the services."
    )

    def check(self, ctx: Context) -> Change | Unchanged:
        services = self._services(ctx)
        down = {
            name: journal_facts(container)
            for name in services
            if (container := ctx.container(name)) is None or not container.is_running
        }
        if not down:
            names = ", ".join(services)
            return Unchanged(reason=f"running: {names}" if names else "no service has such a role")
        released = [name for name in ctx.settings.services.deployed if ctx.container(name)]
        before = {"containers": down, "needed_by": released}
        return Change(summary=f"start {', '.join(down)}", before=before)

    def _services(self, ctx: Context) -> list[str]:
        """Return the services of the step.

        Leaves out services that keep data and depend on the application: the step `rollout` starts
        them.
        """
        services = ctx.settings.services
        released = {*services.released}
        return [
            name
            for name in services.of(self.roles)
            if name not in services.keeping_data or not needed_by(ctx.stack, {name}) & released
        ]

    def apply(self, ctx: Context, change: Change) -> Result:
        ensure_networks_and_volumes(ctx)
        for name in change.before["containers"]:
            self._bring_up(ctx, name)
        return {"started": list(change.before["containers"])}

    @staticmethod
    def _bring_up(ctx: Context, name: str) -> None:
        container = ctx.container(name)
        if container is None:
            replace(ctx, name)
        else:
            start_container(ctx, name, container.id)
            wait_ready(ctx, container.id, name)
        ctx.say(f"{name} is healthy")

    def undo(self, ctx: Context, change: Change) -> None:
        """Remove the containers that the step created, unless the application needs them.

        The application needs them if one of the services that a deploy replaces had a container
        before. Containers that were only started stay: without them nothing could be repaired.
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
            except CosmicError as error:  # the other services are still put back
                errors.append(error)
        if errors:
            raise errors[0]

    def kept_after_undo(self, change: Change) -> str:
        names = ", ".join(_kept(change))
        return f"left running, although stopped or missing before: {names}" if names else ""


def _kept(change: Change) -> list[str]:
    """Return the services that an undo leaves running."""
    needed = bool(change.before.get("needed_by"))
    containers = change.before["containers"].items()
    return [name for name, before in containers if needed or before is not None]
