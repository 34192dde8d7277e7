"""The step `preflight`: check that the new and the old image work on the present schema."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CheckFailed, UnhealthyContainer
from cosmicdeploy.probes.application.replica import new_replica_problem, old_replica_problem
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.urls import container_url
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.commands.device_token import require_token
from cosmicdeploy.steps.commands.trial import remove_trials, running_trial, start_trial


class PreflightStep(Step):
    """Check that the new image and the old replicas work, before any replica is replaced.

    A trial container of the new image, which gets no client's request, has to become ready and
    answer as the new release. The replicas that worked before the run have to answer still.
    """

    kind: ClassVar[str] = "preflight"
    # The responses to its requests are the verification.
    is_checked_again: ClassVar[bool] = False
    only_checks: ClassVar[bool] = True
    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        if not ctx.run.steps_ahead.replace_containers:
            return Unchanged(reason="no container will be replaced")
        if ctx.run.is_planning:
            require_token(ctx)
        image = ctx.service(ctx.settings.services.app[0]).image
        return Change(summary=f"try {image} in a container of its own")

    def apply(self, ctx: Context, change: Change) -> Result:
        tried = _check_new_image(ctx)
        for name in ctx.settings.services.app:
            _check_old_replica(ctx, name)
        return {"tried": tried.image_id}

    def undo(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)

    def settle(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)


def _check_new_image(ctx: Context) -> Container:
    name = ctx.settings.services.app[0]
    image = ctx.image_of(name)
    running = running_trial(ctx, image.id) if image else None
    trial_id = running.id if running else start_trial(ctx)
    try:
        tried = wait_ready(ctx, trial_id, name)
    except UnhealthyContainer as error:
        raise UnhealthyContainer(
            f"The new image cannot serve: {error.what}; no replica was touched",
            where=f"preflight of {name}",
            todo=error.todo,
            details=error.details,
        ) from error
    release = ctx.release_of(tried)
    problem = new_replica_problem(ctx, container_url(ctx, tried), release)
    _require_no_problem(ctx, tried, f"preflight of {name}", "new", problem)
    ctx.say(f"the new image is healthy, and answers as release {release or 'unknown'}")
    return tried


def _check_old_replica(ctx: Context, name: str) -> None:
    if why := ctx.run.known_failures.services.get(name):
        ctx.say(f"{name} is not checked: it did not work before ({why})")
        return
    running = ctx.container(name)
    if running is not None and running.is_ready:
        release = ctx.release_of(running)
        problem, unproven = old_replica_problem(ctx, container_url(ctx, running), release)
        _require_no_problem(ctx, running, running.name, "old", problem)
        if unproven:
            ctx.say(f"not proven that {name}, which still runs the old image, works: {unproven}")


def _require_no_problem(
    ctx: Context, container: Container, where: str, which: str, problem: str
) -> None:
    if problem:
        raise CheckFailed(
            f"The {which} image does not work on the schema as it is now; no replica was touched",
            where=where,
            todo="see its log; a migration may have removed what it needs",
            details=(problem, *ctx.engine.logs(container.id, tail=5)),
        )
