"""The application's console, in the image that a release brings."""

from __future__ import annotations

from collections.abc import Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container, ExecResult
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.steps.preflight import preflight_container


def in_new_image(ctx: Context, arguments: Sequence[str], *, apart: bool = False) -> ExecResult:
    """Run a console command in the image that the app's tag names now.

    Where a replica or the preflight container runs that image already, it runs there; else in a
    container of its own, since only the new image is sure to have the new code. `apart`: always in
    one of its own, where a later run finds it should this one be killed.
    """
    name = ctx.settings.services.app[0]
    command, image = ctx.console(*arguments), ctx.image_of(name)
    if image is None:
        raise ConfigError(
            f"The image {ctx.service(name).image} is not there",
            todo="run the build step first: `cosmicdeploy step build`",
        )
    place = None if apart else _running_place(ctx, image.id)
    if place is not None:
        return ctx.engine.exec(place.id, command)
    return ctx.engine.run(
        ctx.service(name),
        command,
        image=image.id,
        project=ctx.stack.project,
        timeout=ctx.settings.migrate.timeout,
    )


def _running_place(ctx: Context, image_id: str) -> Container | None:
    replica = ctx.container(ctx.settings.services.app[0])
    if replica is not None and replica.ready and replica.image_id == image_id:
        return replica
    return preflight_container(ctx, image_id)


def last_lines(result: ExecResult, count: int = 15) -> tuple[str, ...]:
    """The end of what a command printed, both streams."""
    lines = [line for line in (result.text + result.error_text).splitlines() if line.strip()]
    return tuple(lines[-count:])
