"""The step `trial`: a container of the new image that gets no client's request.

Console commands of the new image run in it, and the preflight checks it before the first replica is
replaced. They share one container, since starting one takes longer than most commands.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.names import ContainerRole, name_as
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.startup import import_http_client_early
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.compose_hash import ask_compose_early
from cosmicdeploy.steps.images.tags import how_to_get, release_label


class TrialStep(Step):
    """Start the trial without waiting for it; it is removed at the end of the run."""

    kind: ClassVar[str] = "trial"
    # The preflight verifies the trial.
    is_checked_again: ClassVar[bool] = False
    only_checks: ClassVar[bool] = True
    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        if not ctx.run.steps_ahead.replace_containers:
            return Unchanged(reason="no container will be replaced")
        image = ctx.service(ctx.settings.services.app[0]).image
        return Change(summary=f"start {image} in a container of its own")

    def apply(self, ctx: Context, change: Change) -> Result:
        ask_compose_early(ctx)
        import_http_client_early()  # for the preflight
        return {"container": start_trial(ctx)}

    def undo(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)

    def settle(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)


def start_trial(ctx: Context, name: str | None = None) -> str:
    """Create and start a trial container of a service; return its id. Raises `EngineError`.

    The default is the first replica's service.
    """
    name = name or ctx.settings.services.app[0]
    service, image = ctx.service(name), ctx.image_of(name)
    if image is None:
        raise EngineError(
            f"The image {service.image} is not there",
            where=name,
            todo=how_to_get(service),
        )
    created = ctx.engine.create(
        service.isolated(),
        name=name_as(ContainerRole.TRIAL, service.container_name, uuid4().hex),
        image=image.id,
        labels={
            labels.PROJECT: ctx.stack.project,
            labels.SERVICE: service.compose_name,
            labels.ONEOFF: "True",
            labels.NUMBER: "1",
            labels.CONFIG_HASH: "",
            labels.VERSION: labels.COMPOSE_VERSION,
            labels.MARKER: labels.TRIAL,
            **release_label(ctx, service),
        },
    )
    ctx.engine.start(created)
    return created


def running_trial(ctx: Context, image_id: str) -> Container | None:
    """Return a running trial container of this image; None if there is none."""
    return next((c for c in _trials(ctx) if c.is_running and c.image_id == image_id), None)


def remove_trials(ctx: Context) -> None:
    """Remove all trial containers."""
    for container in _trials(ctx):
        ctx.engine.remove(container.id)


def _trials(ctx: Context) -> list[Container]:
    marked = ctx.engine.leftovers(ctx.stack.project)
    return [c for c in marked if c.labels[labels.MARKER] == labels.TRIAL]
