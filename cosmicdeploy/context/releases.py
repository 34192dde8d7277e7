"""The releases of all applications: those that run, and those that a deploy puts in place."""

from __future__ import annotations

from collections.abc import Collection

from cosmicdeploy.context.context import Context


def running_releases(ctx: Context) -> dict[str, str]:
    """Return application name → release that it runs; "" if the release is unknown."""
    return {each.name: ctx.running_release(each) for each in ctx.settings.all_applications}


def releases_ahead(ctx: Context) -> dict[str, str]:
    """Return application name → release that a deploy puts in place."""
    return {each.name: ctx.release_ahead(each) for each in ctx.settings.all_applications}


def releases_of_images(ctx: Context, images: Collection[str]) -> dict[str, str]:
    """Return what `releases_ahead` returns, for the applications that run one of these images.

    If no application runs one of them, returns the release of the main application.
    """
    main, *others = ctx.settings.all_applications
    chosen = [e for e in (main, *others) if ctx.service(e.services[0]).image in images]
    return {each.name: ctx.release_ahead(each) for each in chosen or [main]}


def running_by_service(ctx: Context) -> dict[str, str]:
    """Return service → release that its container runs, for the services of the applications.

    Leaves out services without a container or with an unknown release.
    """
    containers = {name: ctx.container(name) for name in ctx.settings.services.released}
    releases = {name: ctx.release_of(each) for name, each in containers.items() if each}
    return {name: release for name, release in releases.items() if release}
