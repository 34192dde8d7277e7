"""A container of the new image, outside the load balancer.

The console commands of the new image run in it, and before the first replica is touched it is tried
itself. One serves for all of that: to make and start a container takes longer than most of them.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.names import ContainerRole, name_as
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.probes.http import load_early
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.compose_hash import ask_early


class TrialStep(Step):
    """Start it, and wait for nothing; it goes when the run is over, however it ends."""

    kind: ClassVar[str] = "trial"
    only_checks: ClassVar[bool] = True
    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        if not ctx.ahead.replace_containers:
            return Unchanged(reason="no container is to be replaced")
        image = ctx.service(ctx.settings.services.app[0]).image
        return Change(summary=f"start {image} in a container of its own")

    def apply(self, ctx: Context, change: Change) -> Result:
        ask_early(ctx)
        load_early()  # for the preflight
        return {"container": start_trial(ctx)}

    def verify(self, ctx: Context, change: Change) -> None:
        """The preflight sees whether it is any good."""

    def undo(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)

    def settle(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)


def start_trial(ctx: Context) -> str:
    """Make and start one; its id. Raises `EngineError`."""
    name = ctx.settings.services.app[0]
    service, image = ctx.service(name), ctx.image_of(name)
    if image is None:
        raise EngineError(
            f"The image {service.image} is not there",
            where=name,
            todo="build it: `cosmicdeploy step build`",
        )
    made = ctx.engine.create(
        service.apart(),
        name=name_as(ContainerRole.TRIAL, service.container_name, uuid4().hex),
        image=image.id,
        project=ctx.stack.project,
        labels={
            labels.PROJECT: ctx.stack.project,
            labels.SERVICE: name,
            labels.ONEOFF: "True",
            labels.NUMBER: "1",
            labels.CONFIG_HASH: "",
            labels.VERSION: labels.COMPOSE_VERSION,
            labels.MARKER: labels.TRIAL,
        },
    )
    ctx.engine.start(made)
    return made


def running_trial(ctx: Context, image_id: str) -> Container | None:
    """The one of this image, while it runs."""
    return next((c for c in _trials(ctx) if c.is_running and c.image_id == image_id), None)


def remove_trials(ctx: Context) -> None:
    """Remove what was tried."""
    for container in _trials(ctx):
        ctx.engine.remove(container.id)


def _trials(ctx: Context) -> list[Container]:
    found = ctx.engine.leftovers(ctx.stack.project)
    return [c for c in found if c.labels[labels.MARKER] == labels.TRIAL]
