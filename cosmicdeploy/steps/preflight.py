"""Before the first replica is touched: do the new image and the old one work on this schema?"""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from cosmicdeploy.context import Context, release_of
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import CheckFailed, EngineError, UnhealthyContainer
from cosmicdeploy.probes.places import container_url
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.replica import replica_problem
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.config_hash import ask_early


class PreflightStep(Step):
    """One container of the new image, outside the load balancer, has to become healthy and answer
    as the new release; the replicas that run have to answer still. Nobody's request meets either.

    The container stays until the run is over: the console commands of the new image run in it.
    """

    kind: ClassVar[str] = "preflight"
    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        if "restart" not in ctx.ahead:
            return Unchanged(reason="no container is to be replaced")
        image = ctx.service(ctx.settings.services.app[0]).image
        return Change(summary=f"try {image} beside the load balancer")

    def apply(self, ctx: Context, change: Change) -> Result:
        ask_early(ctx)
        tried = _try_new(ctx)
        for name in ctx.settings.services.app:
            _see_old(ctx, name)
        return {"tried": tried.image_id}

    def verify(self, ctx: Context, change: Change) -> None:
        """The answers were the proof."""

    def undo(self, ctx: Context, change: Change) -> None:
        remove_preflight(ctx)

    def settle(self, ctx: Context, change: Change) -> None:
        remove_preflight(ctx)


def preflight_container(ctx: Context, image_id: str) -> Container | None:
    """The container of this image that was tried before the roll, while it runs."""
    return next((c for c in _tried(ctx) if c.running and c.image_id == image_id), None)


def remove_preflight(ctx: Context) -> None:
    """Remove what was tried."""
    for container in _tried(ctx):
        ctx.engine.remove(container.id)


def _tried(ctx: Context) -> list[Container]:
    found = ctx.engine.leftovers(ctx.stack.project)
    return [c for c in found if c.labels[labels.MARKER] == labels.PREFLIGHT]


def _try_new(ctx: Context) -> Container:
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
        name=f"{service.container_name}-preflight-{uuid4().hex[:8]}",
        image=image.id,
        project=ctx.stack.project,
        labels={
            labels.PROJECT: ctx.stack.project,
            labels.SERVICE: name,
            labels.ONEOFF: "True",
            labels.NUMBER: "1",
            labels.CONFIG_HASH: "",
            labels.VERSION: labels.COMPOSE_VERSION,
            labels.MARKER: labels.PREFLIGHT,
        },
    )
    ctx.engine.start(made)
    try:
        tried = wait_ready(ctx, made, name)
    except UnhealthyContainer as error:
        raise UnhealthyContainer(
            f"The new image cannot serve: {error.what}; no replica was touched",
            where=f"preflight of {name}",
            todo=error.todo,
            details=error.details,
        ) from error
    release = release_of(image, ctx.settings.app.release_variable)
    _require(ctx, tried, name, "new", release)
    ctx.say(f"the new image is healthy, and answers as release {release or 'not told'}")
    return tried


def _see_old(ctx: Context, name: str) -> None:
    running = ctx.container(name)
    if running is not None and running.ready:
        image = ctx.engine.image(running.image_id)
        _require(ctx, running, name, "old", release_of(image, ctx.settings.app.release_variable))


def _require(ctx: Context, container: Container, name: str, which: str, release: str) -> None:
    url = container_url(ctx, container)
    problem = replica_problem(ctx, url, release)
    if problem:
        raise CheckFailed(
            f"The {which} image does not work on the schema as it is now; no replica was touched",
            where=f"preflight of {name}" if which == "new" else container.name,
            todo="see its log; a migration may have taken away what it needs",
            details=(problem, *ctx.engine.logs(container.id, tail=5)),
        )
