"""Run the commands of the framework in the image of the new release."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult, Image
from cosmicdeploy.steps.commands.new_image import Where, command_in_new_image

ASKS = Where(only_reads=True)
CHANGES = Where(own_container=True, shows_output=True)


def asked(ctx: Context, command: Sequence[str]) -> ExecResult:
    """Run a command that changes nothing; return its result. Raises `ConfigError` without image."""
    return command_in_new_image(ctx, service_of(ctx), command, ASKS)


def changed_by(ctx: Context, command: Sequence[str]) -> ExecResult:
    """Run a command that migrates, in a container of its own, and show what it prints.

    Raises `ConfigError` if the service has no image.
    """
    return command_in_new_image(ctx, service_of(ctx), command, CHANGES)


def image_of_migrations(ctx: Context) -> Image | None:
    """Return the image that has the migrations of the new release; None if there is none."""
    return ctx.image_of(service_of(ctx))


def service_of(ctx: Context) -> str:
    """Return the service in whose image the commands run."""
    return ctx.settings.migrate.service or ctx.settings.services.app[0]


def how_to_run(ctx: Context, command: Sequence[str]) -> str:
    """Return what an operator does to run one of the commands by hand, as an imperative."""
    service, line = service_of(ctx), shlex.join(command)
    if service in ctx.settings.services.app:
        return f"run `cosmicdeploy exec {service} {line}`"
    return f"run `{line}` in a container of {service}"
