"""The step `preflight`: whether the new image and the old one work on the present schema."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context, release_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CheckFailed, UnhealthyContainer
from cosmicdeploy.probes.application.replica import new_replica_problem, old_replica_problem
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.urls import container_url
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.commands.device_token import require_token
from cosmicdeploy.steps.commands.trial import remove_trials, running_trial, start_trial


class PreflightStep(Step):
    """Require a container of the new image, outside the load balancer, to become healthy and answer
    as the new release, and the replicas that worked before to still answer. No client's request
    reaches either.

    Uses the trial's container if one runs. It stays until the run is over, since the new image's
    console commands run in it.
    """

    kind: ClassVar[str] = "preflight"
    # The responses are the verification.
    is_checked_again: ClassVar[bool] = False
    only_checks: ClassVar[bool] = True
    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        if not ctx.run.steps_ahead.replace_containers:
            return Unchanged(reason="no container is to be replaced")
        if ctx.run.is_planning:
            require_token(ctx)
        image = ctx.service(ctx.settings.services.app[0]).image
        return Change(summary=f"try {image} in a container of its own")

    def apply(self, ctx: Context, change: Change) -> Result:
        tried = _try_new(ctx)
        for name in ctx.settings.services.app:
            _require_old(ctx, name)
        return {"tried": tried.image_id}

    def undo(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)

    def settle(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)


def _try_new(ctx: Context) -> Container:
    name = ctx.settings.services.app[0]
    image = ctx.image_of(name)
    running = running_trial(ctx, image.id) if image else None
    made = running.id if running else start_trial(ctx)
    try:
        tried = wait_ready(ctx, made, name)
    except UnhealthyContainer as error:
        raise UnhealthyContainer(
            f"The new image cannot serve: {error.what}; no replica was touched",
            where=f"preflight of {name}",
            todo=error.todo,
            details=error.details,
        ) from error
    release = release_of(ctx.engine.image(tried.image_id), ctx.settings.app.release_variable)
    problem = new_replica_problem(ctx, container_url(ctx, tried), release)
    _require(ctx, tried, f"preflight of {name}", "new", problem)
    ctx.say(f"the new image is healthy, and answers as release {release or 'not told'}")
    return tried


def _require_old(ctx: Context, name: str) -> None:
    if why := ctx.run.known_failures.services.get(name):
        ctx.say(f"{name} is not checked: it did not work before ({why})")
        return
    running = ctx.container(name)
    if running is not None and running.is_ready:
        image = ctx.engine.image(running.image_id)
        release = release_of(image, ctx.settings.app.release_variable)
        problem, unproven = old_replica_problem(ctx, container_url(ctx, running), release)
        _require(ctx, running, running.name, "old", problem)
        if unproven:
            ctx.say(f"not proven of {name}, which runs already: {unproven}")


def _require(ctx: Context, container: Container, where: str, which: str, problem: str) -> None:
    if problem:
        raise CheckFailed(
            f"The {which} image does not work on the schema as it is now; no replica was touched",
            where=where,
            todo="see its log; a migration may have removed what it needs",
            details=(problem, *ctx.engine.logs(container.id, tail=5)),
        )
