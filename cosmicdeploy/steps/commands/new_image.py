"""Run commands in the image of the new release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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

    The options are those of `Where`.
    """
    return command_in_new_image(
        ctx,
        ctx.settings.services.app[0],
        ctx.console(*arguments),
        Where(
            own_container=own_container,
            runs_once=runs_once,
            only_reads=only_reads,
            shows_output=shows_output,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Where:
    """In which container of the new image a command runs.

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

    own_container: bool = False
    runs_once: bool = False
    only_reads: bool = False
    shows_output: bool = False


def command_in_new_image(
    ctx: Context, name: str, command: Sequence[str], where: Where
) -> ExecResult:
    """Run a command in the image that the tag of a service names now.

    A command of the first service in `services.app` runs as the user of the console: in a replica
    or a trial (a container that serves no client) that has this image already, else in a container
    of its own. A command of any other service always runs in a container of its own, as that
    service's user. Raises `ConfigError` if there is no image.
    """
    service, image = ctx.service(name), ctx.image_of(name)
    if image is None:
        raise ConfigError(
            f"The image {service.image} does not exist",
            todo=how_to_get(service),
        )
    is_app = name == ctx.settings.services.app[0]
    if is_app and not where.own_container:
        container = _running_container(ctx, service, image.id, only_reads=where.only_reads)
        if container and where.runs_once:
            return ctx.run_command(container, command)
        if container and (result := _run_in(ctx, container, command)) is not None:
            return result
    user = (is_app and ctx.settings.app.user) or service.user
    return ctx.engine.run_oneoff(
        replace(apart_from_stale(ctx, service, image.id), user=user),
        command,
        image=image.id,
        project=ctx.stack.project,
        timeout=ctx.settings.migrate.timeout,
        on_line=ctx.say if where.shows_output else None,
    )


def _run_in(ctx: Context, container: Container, command: Sequence[str]) -> ExecResult | None:
    """Run a command in a container; return None if the container ended before the command did.

    The container may end because the new code cannot serve on the present schema. The command may
    still work in a container of its own: a migration, for example.
    """
    try:
        result = ctx.run_command(container, command)
    except EngineUnavailable:
        raise
    except EngineError:
        if not _has_ended(ctx, container):
            raise
        return None
    return None if result.exit_code != 0 and _has_ended(ctx, container) else result


def _has_ended(ctx: Context, container: Container) -> bool:
    """Whether the container has ended, or ends within `END_REPORTED_WITHIN_SECONDS`."""
    within = END_REPORTED_WITHIN_SECONDS
    return poll(lambda: not _runs(ctx, container), until=bool, every=0.05, within=within)


def _runs(ctx: Context, container: Container) -> bool:
    current = ctx.engine.container(container.id)
    return current is not None and current.is_running


def _running_container(
    ctx: Context, service: Service, image_id: str, *, only_reads: bool
) -> Container | None:
    """Return a ready replica or a running trial with this image; None if there is none to use."""
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
