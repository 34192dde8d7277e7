"""The step `preflight`: check that new and old images work, on the present schema if any."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import release_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CheckFailed, UnhealthyContainer
from cosmicdeploy.probes.application.replica import new_replica_problem, old_replica_problem
from cosmicdeploy.probes.crash_log import last_log_lines
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.urls import container_url, is_requested
from cosmicdeploy.settings import Application, of_application
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.commands.device_token import require_token
from cosmicdeploy.steps.commands.stable_trial import require_stable
from cosmicdeploy.steps.commands.trial import (
    applications_to_try,
    remove_trials,
    running_trial,
    start_trial,
    trial_images,
    untried_applications,
    why_not_tried,
)


class PreflightStep(Step):
    """Check that new images and old replicas work, before any replica is replaced.

    Each application's new image runs in a trial container, which gets no client's request. The
    trial has to become ready, to answer as the new release, and to run for `restart.stable_for`
    seconds without ending. The replicas that worked before the run still have to answer. If no
    trial can run, these replicas also show whether the application knows the device's token.
    """

    kind: ClassVar[str] = "preflight"
    # The responses to the requests of `apply` are the verification.
    is_checked_again: ClassVar[bool] = False
    only_checks: ClassVar[bool] = True
    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        if not ctx.run.steps_ahead.replace_containers:
            return Unchanged(reason="no container will be replaced")
        if ctx.run.is_planning:
            require_token(ctx)
        tried, obstacles = applications_to_try(ctx), why_not_tried(ctx)
        if not (tried or obstacles):
            return Unchanged(reason="no replica will be replaced")
        what = f"try {trial_images(ctx, tried)}" if tried else "check the old replicas"
        seconds = ctx.settings.restart.stable_for
        if tried and seconds:
            what += f", which has to run for {seconds:g} s"
        if obstacles and seconds:
            obstacles += f"; its first replica has to run for {seconds:g} s instead"
        return Change(summary="; ".join(filter(None, (what, obstacles))))

    def apply(self, ctx: Context, change: Change) -> Result:
        tried = {each.name: _check_new_image(ctx, each) for each in applications_to_try(ctx)}
        untried = {each.name for each in untried_applications(ctx)}
        for application in ctx.settings.all_applications:
            for name in application.services:
                must_know_token = application.name in untried
                _check_old_replica(ctx, application, name, must_know_token=must_know_token)
        images = {name: container.image_id for name, container in tried.items()}
        if not tried:
            return {"tried": images}
        return {"tried": images, "waited_seconds": round(require_stable(ctx, tried.values()), 1)}

    def undo(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)

    def settle(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)


def _check_new_image(ctx: Context, application: Application) -> Container:
    """Return the application's trial once it is ready and answers as the new release.

    Starts a trial if none runs. Raises `UnhealthyContainer` if it does not become ready, and
    `CheckFailed` if its responses are wrong.
    """
    name = application.services[0]
    image = ctx.image_of(name)
    running = running_trial(ctx, application, image.id) if image else None
    trial_id = running.id if running else start_trial(ctx, name)
    try:
        tried = wait_ready(ctx, trial_id, name, is_new=True)
    except UnhealthyContainer as error:
        raise UnhealthyContainer(
            f"The new image cannot serve: {error.what}; no replica was touched",
            where=f"preflight of {name}",
            todo=error.todo,
            details=error.details,
        ) from error
    release = release_of(ctx, tried)
    of = of_application(application, ctx.settings.all_applications)
    if not is_requested(tried, application):
        ctx.say(f"the new image{of} is healthy by its own health check; no request was sent to it")
        return tried
    url = container_url(tried, application)
    problem = new_replica_problem(ctx, application, url, release)
    _require_no_problem(ctx, tried, f"preflight of {name}", "new", problem)
    ctx.say(f"the new image{of} is healthy, and answers as release {release or 'unknown'}")
    return tried


def _check_old_replica(
    ctx: Context, application: Application, name: str, *, must_know_token: bool
) -> None:
    """Raise `CheckFailed` if a replica that worked before the run no longer answers."""
    if name in ctx.run.known_failures.new:
        return
    if why := ctx.run.known_failures.services.get(name):
        ctx.say(f"{name} is not checked: it did not work before ({why})")
        return
    running = ctx.container(name)
    if running is not None and running.is_ready and is_requested(running, application):
        release = release_of(ctx, running)
        url = container_url(running, application)
        problem, unproven = old_replica_problem(
            ctx, application, url, release, must_know_token=must_know_token
        )
        _require_no_problem(ctx, running, running.name, "old", problem)
        if unproven:
            ctx.say(f"not proven that {name}, which still runs the old image, works: {unproven}")


def _require_no_problem(
    ctx: Context, container: Container, where: str, which: str, problem: str
) -> None:
    if problem:
        on_schema, todo = "", "see its log"
        if ctx.settings.database is not None:
            on_schema = " on the schema as it is now"
            todo += "; a migration may have removed what it needs"
        raise CheckFailed(
            f"The {which} image does not work{on_schema}; no replica was touched",
            where=where,
            todo=todo,
            details=(problem, *last_log_lines(ctx, container)),
        )
