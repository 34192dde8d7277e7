"""The definitions that the stack's files have for an earlier release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.replicas import resolve_replicas
from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.stack.model import Service, Stack
from cosmicdeploy.workspace import read_stack_files


def as_of_backup(ctx: Context, manifest: Manifest) -> Context:
    """Return the context with the definitions that the files have for the releases of a backup.

    A release may differ from the present release in the variables of its containers. The rollback
    finds the images in another way, so the services keep their image names. Warns if the
    definitions differ, since the files have to be put back as well. Raises `ConfigError`.
    """
    releases = _release_variables(ctx, manifest)
    if releases.items() <= ctx.loaded.variables.items():
        return ctx
    _, now = read_stack_files(ctx.loaded.file)
    loaded, then = read_stack_files(ctx.loaded.file, releases)
    services = {name: _with_image_of(now, each) for name, each in then.services.items()}
    if services == now.services or then.project != now.project:  # another project, another stack
        return ctx
    lines = " ".join(f"{name}={release}" for name, release in releases.items())
    ctx.warn(
        f"the containers get the definition of the older release: put {lines} into"
        f" {then.env_file.name}; a deploy or `docker compose up` without that restores the"
        " present definition"
    )
    then = replace(then, services=services)
    loaded, then = resolve_replicas(loaded, then, ctx.engine.containers(then.project))
    return replace(ctx, loaded=loaded, stack=then)


def _release_variables(ctx: Context, manifest: Manifest) -> Mapping[str, str]:
    """Return the release variables of all applications, with the releases of the backup.

    An application whose release the backup does not name is left out.
    """
    releases: dict[str, str] = {}
    for application in ctx.settings.all_applications:
        of_services = (manifest.releases.get(name) for name in application.services)
        of_backup = manifest.release if application.is_main else None
        if release := next(filter(None, of_services), of_backup):
            releases.setdefault(application.release_variable, release)
    return releases


def _with_image_of(stack: Stack, service: Service) -> Service:
    """Return the service with image and build as the stack declares them."""
    same = stack.services.get(service.name, service)
    return replace(service, image=same.image, build=same.build)
