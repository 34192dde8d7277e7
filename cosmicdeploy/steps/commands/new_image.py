"""Run the application's console in the image of the new release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.static_files.served import apart_from_stale, served_volumes
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.commands.trial import running_trial
from cosmicdeploy.steps.images.tags import how_to_get

# In seconds. When a container ends, the engine first kills the commands in it, and reports the
# container's end a moment later.
END_REPORTED_WITHIN_SECONDS = 1.0


def in_new_image(
    ctx: Context,
    arguments: Sequence[str],
    *,
    own_container: bool = False,
    runs_once: bool = False,
    only_reads: bool = False,
    shows_output: bool = False,
) -> ExecResult:
    """Run a console command in the image that the app's tag names now, which has the new code.

    The command runs in a replica or a trial (a container that serves no client) that has this image
    already, else in a container of its own. Raises `ConfigError` if there is no image.

    - `own_container`: the command always runs in a container of its own. If this run is killed, a
      later run finds the command there.
    - `runs_once`: the command runs only once. Without `runs_once`, it runs again in a container of
      its own if the replica or trial ends before the command does.
    - `only_reads`: the command writes to no volume, so it may run in any trial. Without
      `only_reads`, it runs in no trial if the proxy serves volumes of the app: the trial has other
      volumes in their place, so no client would get the files that the command writes there.
    - `shows_output`: the operator sees each line of the command's output as the command prints it.
      Only together with `own_container`.
    """
    name = ctx.settings.services.app[0]
    service, image = ctx.service(name), ctx.image_of(name)
    if image is None:
        raise ConfigError(
            f"The image {service.image} does not exist",
            todo=how_to_get(service),
        )
    container = None
    if not own_container:
        container = _running_container(ctx, service, image.id, only_reads=only_reads)
    if container and runs_once:
        return ctx.run_console(container, *arguments)
    result = _run_in(ctx, container, arguments) if container else None
    return result or ctx.engine.run_oneoff(
        replace(
            apart_from_stale(ctx, service, image.id), user=ctx.settings.app.user or service.user
        ),
        ctx.console(*arguments),
        image=image.id,
        project=ctx.stack.project,
        timeout=ctx.settings.migrate.timeout,
        on_line=ctx.say if shows_output else None,
    )


def _run_in(ctx: Context, container: Container, arguments: Sequence[str]) -> ExecResult | None:
    """Run a console command in a container; return None if the container ended first.

    The container may end if the new code cannot serve on the present schema. The same code may
    still be able to migrate.
    """
    try:
        result = ctx.run_console(container, *arguments)
    except EngineUnavailable:
        raise
    except EngineError:
        if not _has_ended(ctx, container):
            raise
        return None
    return None if result.exit_code != 0 and _has_ended(ctx, container) else result


def _has_ended(ctx: Context, container: Container) -> bool:
    within = END_REPORTED_WITHIN_SECONDS
    return poll(lambda: not _runs(ctx, container), until=bool, every=0.05, within=within)


def _runs(ctx: Context, container: Container) -> bool:
    current = ctx.engine.container(container.id)
    return current is not None and current.is_running


def _running_container(
    ctx: Context, service: Service, image_id: str, *, only_reads: bool
) -> Container | None:
    replica = ctx.container(ctx.settings.services.app[0])
    if replica is not None and replica.is_ready and replica.image_id == image_id:
        return replica
    if served_volumes(ctx, service) and not only_reads:
        return None
    return running_trial(ctx, ctx.settings.main_application, image_id)


def last_lines(result: ExecResult, count: int = 15) -> tuple[str, ...]:
    """Return the last lines of a command's standard output and error output."""
    lines = [line for line in (result.text + result.error_text).splitlines() if line.strip()]
    return tuple(lines[-count:])
