"""Run the application's console in the image of the new release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.polling import poll
from cosmicdeploy.steps.commands.trial import running_trial

TOLD_WITHIN_SECONDS = 1.0


def in_new_image(
    ctx: Context, arguments: Sequence[str], *, apart: bool = False, once: bool = False
) -> ExecResult:
    """Run a console command in the image that the app's tag names now.

    Runs in a replica or the trial if one has that image already, else in a container of its own:
    only the new image is sure to have the new code. `apart`: always in a container of its own, in
    which a later run finds it if this one is killed. A command that is neither `apart` nor `once`
    may run twice. Raises `ConfigError` if there is no image.
    """
    name = ctx.settings.services.app[0]
    service, image = ctx.service(name), ctx.image_of(name)
    if image is None:
        raise ConfigError(
            f"The image {service.image} is not there",
            todo="run the build step first: `cosmicdeploy step build`",
        )
    place = None if apart else _running_place(ctx, image.id)
    if place and once:
        return ctx.run_console(place, *arguments)
    result = _run_there(ctx, place, arguments) if place else None
    return result or ctx.engine.run_oneoff(
        replace(service, user=ctx.settings.app.user or service.user),
        ctx.console(*arguments),
        image=image.id,
        project=ctx.stack.project,
        timeout=ctx.settings.migrate.timeout,
    )


def _run_there(ctx: Context, place: Container, arguments: Sequence[str]) -> ExecResult | None:
    """Return None if the container ended meanwhile: new code that cannot serve on the present
    schema may still migrate it."""
    try:
        result = ctx.run_console(place, *arguments)
    except EngineUnavailable:
        raise
    except EngineError:
        if not _ended(ctx, place):
            raise
        return None
    return None if result.exit_code != 0 and _ended(ctx, place) else result


def _ended(ctx: Context, place: Container) -> bool:
    """Whether the container has ended; the engine reports that a moment after the commands in it
    were killed."""
    return poll(lambda: not _runs(ctx, place), until=bool, every=0.05, within=TOLD_WITHIN_SECONDS)


def _runs(ctx: Context, place: Container) -> bool:
    found = ctx.engine.container(place.id)
    return found is not None and found.is_running


def _running_place(ctx: Context, image_id: str) -> Container | None:
    replica = ctx.container(ctx.settings.services.app[0])
    if replica is not None and replica.is_ready and replica.image_id == image_id:
        return replica
    return running_trial(ctx, image_id)


def last_lines(result: ExecResult, count: int = 15) -> tuple[str, ...]:
    """Return the last lines of a command's output, both streams."""
    lines = [line for line in (result.text + result.error_text).splitlines() if line.strip()]
    return tuple(lines[-count:])
