"""The step `trial`: start a container of each new image; a trial gets no client's request.

The trials start after the backup, since a container may change data when it starts. The preflight
checks the trials before the first replica is replaced. Console commands of the new image run in the
trial of the main application, since most of them take less time than the start of a container.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar
from uuid import uuid4

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.names import ContainerRole, name_as
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.process.startup import import_http_client_early
from cosmicdeploy.proxy.static_files.served import apart_from_served
from cosmicdeploy.settings import Application
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.compose_hash import ask_compose_early
from cosmicdeploy.steps.images.tags import how_to_get, release_label
from cosmicdeploy.steps.rollout.drift import drift_of


class TrialStep(Step):
    """Start the trials without waiting for them; remove them at the end of the run."""

    kind: ClassVar[str] = "trial"
    # The preflight verifies the trials.
    is_checked_again: ClassVar[bool] = False
    only_checks: ClassVar[bool] = True
    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        if not ctx.run.steps_ahead.replace_containers:
            return Unchanged(reason="no container will be replaced")
        tried, obstacles = applications_to_try(ctx), why_not_tried(ctx)
        if not tried:
            return Unchanged(reason=obstacles or "no replica will be replaced")
        texts = (f"start {trial_images(ctx, tried)}", obstacles)
        return Change(summary="; ".join(filter(None, texts)))

    def apply(self, ctx: Context, change: Change) -> Result:
        ask_compose_early(ctx)
        import_http_client_early()  # for the preflight
        trials = {
            each.name: start_trial(ctx, each.services[0]) for each in applications_to_try(ctx)
        }
        return {"containers": trials}

    def undo(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)

    def settle(self, ctx: Context, change: Change) -> None:
        remove_trials(ctx)


def applications_to_try(ctx: Context) -> list[Application]:
    """Return the applications that a trial runs for, in the order of a rollout.

    These are the applications of which a service will be replaced, without `untried_applications`.
    """
    return [each for each in _replaced_applications(ctx) if not _shared_network(ctx, each)]


def untried_applications(ctx: Context) -> list[Application]:
    """Return the applications of which a service will be replaced, but no trial can run.

    No trial can run if the application uses the network of the host or of another container.
    """
    return [each for each in _replaced_applications(ctx) if _shared_network(ctx, each)]


def why_not_tried(ctx: Context) -> str:
    """Return why no trial runs for some of the applications to be replaced; "" if all have one."""
    return "; ".join(
        f"no trial of {each.services[0]}: it uses the network of {_shared_network(ctx, each)},"
        " where a second container would take its port or its requests"
        for each in untried_applications(ctx)
    )


def _shared_network(ctx: Context, application: Application) -> str:
    """Return the host or container whose network the application uses; "" if it has its own."""
    return ctx.service(application.services[0]).shared_network


def _replaced_applications(ctx: Context) -> list[Application]:
    return [
        each
        for each in ctx.settings.all_applications
        if any(_is_replaced(ctx, name) for name in ctx.settings.released_by(each))
    ]


def _is_replaced(ctx: Context, name: str) -> bool:
    return drift_of(ctx, name, may_be_stopped=True).reason is not None


def trial_images(ctx: Context, applications: Iterable[Application]) -> str:
    """Describe the trials of these applications for a plan."""
    images = dict.fromkeys(ctx.service(each.services[0]).image for each in applications)
    several = ", each" if len(images) > 1 else ""
    return f"{', '.join(images)}{several} in a container of its own"


def start_trial(ctx: Context, name: str) -> str:
    """Create and start a trial container of a service; return its id. Raises `EngineError`.

    If the trial writes files to volumes that the proxy serves, these files reach no client.
    """
    service, image = ctx.service(name), ctx.image_of(name)
    if image is None:
        raise EngineError(
            f"The image {service.image} does not exist",
            where=name,
            todo=how_to_get(service),
        )
    created = ctx.engine.create(
        apart_from_served(ctx, service.isolated()),
        name=name_as(ContainerRole.TRIAL, service.container_name, uuid4().hex),
        image=image.id,
        labels=labels.one_off(ctx.stack.project, service.compose_name, labels.TRIAL)
        | release_label(ctx, service),
    )
    ctx.engine.start(created)
    ctx.run.trials_began[created] = time.monotonic()
    return created


def running_trial(ctx: Context, application: Application, image_id: str) -> Container | None:
    """Return the application's running trial container of this image; None if there is none."""
    service = ctx.service(application.services[0]).compose_name
    trials = (each for each in _trials(ctx) if each.service == service and each.is_running)
    return next((each for each in trials if each.image_id == image_id), None)


def remove_trials(ctx: Context) -> None:
    """Remove all trial containers of the project. Raises `EngineError`."""
    for container in _trials(ctx):
        ctx.engine.discard(container.id)


def _trials(ctx: Context) -> list[Container]:
    marked = ctx.engine.leftovers(ctx.stack.project)
    return [c for c in marked if c.labels[labels.MARKER] == labels.TRIAL]
