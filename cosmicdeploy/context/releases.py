"""The releases of the applications: those that run, and those that a deploy puts in place."""

from __future__ import annotations

from collections.abc import Collection

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import releases as engine_releases
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.settings import Application
from cosmicdeploy.stack.model import Service


def running_release(ctx: Context, application: Application | None = None) -> str:
    """Return the release that the application's first replica runs; "" if it is unknown.

    `application` is the main application by default.
    """
    application = application or ctx.settings.main_application
    container = ctx.container(application.services[0])
    return release_of(ctx, container) if container else ""


def running_releases(ctx: Context) -> dict[str, str]:
    """Return application name → release that it runs; "" if the release is unknown."""
    return {each.name: running_release(ctx, each) for each in ctx.settings.all_applications}


def running_by_service(ctx: Context) -> dict[str, str]:
    """Return service → release that its container runs, for the services of the applications.

    Leaves out services without a container or with an unknown release.
    """
    containers = {name: ctx.container(name) for name in ctx.settings.services.released}
    releases = {name: release_of(ctx, each) for name, each in containers.items() if each}
    return {name: release for name, release in releases.items() if release}


def release_of(ctx: Context, container: Container) -> str:
    """Return the release that a container runs; "" if it is unknown."""
    service, image = _released_service(ctx, container), ctx.image(container.image_id)
    variable = application_of(ctx, container).release_variable
    return engine_releases.release_of_container(
        container, image, service, ctx.loaded.variables, variable
    )


def release_ahead(ctx: Context, application: Application | None = None) -> str:
    """Return the release that a deploy of an application puts in place.

    `application` is the main application by default. If its image is built, the build argument
    named by `release_variable` is the release. If its image is pulled, the release is that of
    `declared_release`. If the release is unknown, returns the value that the variable
    `release_variable` had when the compose file was read, or "unnamed" if it had none.
    """
    application = application or ctx.settings.main_application
    variable, name = application.release_variable, application.services[0]
    build = ctx.service(name).build
    release = declared_release(ctx, name) if build is None else build.args.get(variable)
    return release or ctx.loaded.variables.get(variable, "unnamed")


def releases_ahead(ctx: Context) -> dict[str, str]:
    """Return application name → release that a deploy puts in place."""
    return {each.name: release_ahead(ctx, each) for each in ctx.settings.all_applications}


def releases_of_images(ctx: Context, images: Collection[str]) -> dict[str, str]:
    """Return what `releases_ahead` returns, for the applications that declare one of these images.

    If no application declares one of them, returns the release of the main application.
    """
    applications = ctx.settings.all_applications
    chosen = [each for each in applications if ctx.service(each.services[0]).image in images]
    return {each.name: release_ahead(ctx, each) for each in chosen or applications[:1]}


def declared_release(ctx: Context, service: str) -> str:
    """Return the release that a service declares; "" if it is unknown."""
    application = ctx.settings.application_of(service) or ctx.settings.main_application
    declared, image = ctx.service(service), ctx.image_of(service)
    variable = application.release_variable
    return engine_releases.declared_release(declared, image, ctx.loaded.variables, variable)


def application_of(ctx: Context, container: Container) -> Application:
    """Return the application that a container belongs to, by default the main application."""
    service = _released_service(ctx, container)
    application = ctx.settings.application_of(service.name) if service else None
    return application or ctx.settings.main_application


def _released_service(ctx: Context, container: Container) -> Service | None:
    released = map(ctx.service, ctx.settings.services.released)
    return next((each for each in released if each.compose_name == container.service), None)
