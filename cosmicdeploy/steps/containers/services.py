"""The step `services`: create or start services, with the stack's networks and volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import FirstError
from cosmicdeploy.journal.step_kinds import SERVICES
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.serving import wait_until_served
from cosmicdeploy.settings import Support
from cosmicdeploy.stack.order import needed_by
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.in_the_way import (
    describe,
    in_the_way,
    require_way,
    start_again,
    stop_for,
)
from cosmicdeploy.steps.containers.resources import ensure_networks_and_volumes
from cosmicdeploy.steps.rollout.replacement.replace import journal_facts, replace
from cosmicdeploy.steps.rollout.replacement.undo import put_back


class ServicesStep(Step):
    """Create or start services that do not run, with the stack's networks and volumes.

    The role `other` stands for the services without a role that the application or a one-shot
    service depends on. The step `rollout` creates the other services without a role.
    """

    kind: ClassVar[str] = SERVICES
    starts_services: ClassVar[bool] = True

    roles: tuple[Support | Literal["other"], ...] = Field(
        default=("database", "cache", "proxy"), description="Roles of the services."
    )
    new_only: bool = Field(
        default=False,
        description="Only create services that have no container yet; a stopped one needs `up`.",
    )

    def creates(self, ctx: Context) -> Sequence[str]:
        """Return the services of the step.

        Leaves out what the step `rollout` starts: services without a role that no application and
        no one-shot service needs, and services that keep data and depend on an application.
        """
        services, released = ctx.settings.services, {*ctx.settings.services.released}
        needed = needed_by(ctx.stack, {*released, *services.one_shot})
        later = {name for name in services.other if name not in needed}
        later |= {n for n in services.keeping_data if needed_by(ctx.stack, {n}) & released}
        return [name for name in services.of(self.roles) if name not in later]

    def check(self, ctx: Context) -> Change | Unchanged:
        names = self.creates(ctx)
        down = {name: journal_facts(ctx.container(name)) for name in self._down(ctx, names)}
        if not down:
            return Unchanged(reason=self._nothing_to_do(names))
        blockers = require_way(ctx, in_the_way(ctx, down))
        before = {"containers": down, "needed_by": self._needing(ctx), **blockers}
        created = [name for name, facts in down.items() if facts is None]
        paused = [n for n in down if (c := ctx.container(n)) is not None and c.is_paused]
        started = [name for name in down if name not in (*created, *paused)]
        parts = [
            f"create {', '.join(created)} (no container)" if created else "",
            f"start {', '.join(started)}" if started else "",
            f"unpause {', '.join(paused)}" if paused else "",
            describe(before),
        ]
        return Change(summary="; ".join(filter(None, parts)), before=before)

    def _down(self, ctx: Context, names: Sequence[str]) -> list[str]:
        """Return the services that do not run; with `new_only`, those that are new."""
        if self.new_only:
            return [name for name in names if ctx.is_new(name)]
        return [n for n in names if (c := ctx.container(n)) is None or not c.is_running]

    def _nothing_to_do(self, names: Sequence[str]) -> str:
        listed = ", ".join(names)
        if not names:
            return "the stack has no service for this step"
        return f"not new: {listed}" if self.new_only else f"running: {listed}"

    def _needing(self, ctx: Context) -> list[str]:
        """Return the services that need the step's containers even after an undo.

        With `new_only`, services that worked before the run do not need the new containers.
        """
        services = [name for name in ctx.settings.services.deployed if ctx.container(name)]
        failing = ctx.run.known_failures.services
        return [name for name in services if name in failing or not self.new_only]

    def apply(self, ctx: Context, change: Change) -> Result:
        ensure_networks_and_volumes(ctx)
        for name in change.before["containers"]:
            _bring_up(ctx, name, change.before)
        if ctx.settings.services.proxy in change.before["containers"]:
            wait_until_served(ctx)
        return {"started": list(change.before["containers"])}

    def affected(self, change: Change) -> frozenset[str]:
        return frozenset(change.before["containers"])

    def undo(self, ctx: Context, change: Change) -> None:
        """Remove the containers that the step created, unless a service needs them (`_needing`).

        Containers that were only started stay: without them nothing could be repaired. Also starts
        the orphans again that the step stopped.
        """
        if remaining := self.kept_after_undo(change):
            ctx.say(remaining)
        kept, errors = _kept(change), FirstError()
        for name in reversed(change.before["containers"]):
            with errors:
                if name not in kept:
                    put_back(ctx, name, None)  # None: the service had no container
        with errors:
            start_again(ctx, change.before)
        errors.raise_if_any()

    def kept_after_undo(self, change: Change) -> str:
        names = ", ".join(_kept(change))
        return f"left running, although stopped, paused or missing before: {names}" if names else ""


def _bring_up(ctx: Context, name: str, before: Mapping[str, Any]) -> None:
    """Start or create a service's container, and wait until it is healthy.

    First stops the orphans that hold something the service needs.
    """
    stop_for(ctx, name, before)
    container = ctx.container(name)
    if container is None:
        replace(ctx, name)
    else:
        start_container(ctx, name, container.id)
        wait_ready(ctx, container.id, name)
    ctx.say(f"{name} is healthy")


def _kept(change: Change) -> list[str]:
    """Return the services that an undo leaves running: all of them if a service needs one."""
    # A record of an earlier version has no `needed_by`.
    needed = bool(change.before.get("needed_by"))
    containers = change.before["containers"].items()
    return [name for name, before in containers if needed or before is not None]
