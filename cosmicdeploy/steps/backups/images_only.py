"""Catalogue entries without data: the images that a stack without a database can go back to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cosmicdeploy.context.context import NO_DATABASE, Context
from cosmicdeploy.context.releases import running_by_service, running_release, running_releases
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import new_id
from cosmicdeploy.database.backups.on_disk.manifest import Manifest, now
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.steps.backups.kept_images import kept_tag
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.text.formatting import format_releases
from cosmicdeploy.verification.orphans import removable_orphans


def running_images(ctx: Context) -> dict[str, str]:
    """Return the ids of the images that the containers run, by service.

    Covers the services that a deploy replaces, even if a rollback leaves them out, and the proxy if
    the stack builds its image, since that image may hold files of the release.

    A rollback uses the compose file of the former release, which has the former names of renamed
    services. These names are included in two cases: the renamed service keeps its
    `container_name`, or the main application runs only under a former name.
    """
    services = ctx.settings.services
    proxy = services.proxy
    built = [proxy] if proxy is not None and ctx.service(proxy).build is not None else []
    names = dict.fromkeys((*services.deployed, *sorted(ctx.run.left_out), *built))
    containers = {name: ctx.container(name) for name in names}
    images = {name: container.image_id for name, container in containers.items() if container}
    return {**_former_images(ctx), **_under_former_names(ctx, containers.values()), **images}


def _under_former_names(ctx: Context, containers: Iterable[Container | None]) -> dict[str, str]:
    """Return former service name → image, for renamed services that keep their `container_name`.

    The container's label has the former name until a deploy replaces the container.
    """
    declared = {service.compose_name for service in ctx.stack.services.values()}
    existing = [container for container in containers if container is not None]
    return {
        each.service: each.image_id
        for each in existing
        if each.service and each.service not in declared
    }


def _former_images(ctx: Context) -> dict[str, str]:
    """Return service → image of running orphans, if the main application has no container."""
    if any(ctx.container(name) for name in ctx.settings.main_application.services):
        return {}
    return {each.service: each.image_id for each in removable_orphans(ctx) if each.is_running}


def images_to_keep(ctx: Context, why: str) -> Change | Unchanged:
    """Return the change that keeps the running images; `why` is added to its summary.

    Returns `Unchanged` if the newest entry keeps these images already, or if nothing runs.
    """
    images = running_images(ctx)
    if not images:
        return Unchanged(reason=f"{NO_DATABASE}, and nothing runs that could be kept")
    newest = next((b for b in ctx.catalogue.list() if b.is_rollback_target), None)
    if newest is not None and _is_of_release(ctx, newest, images) and _has_images(ctx, newest):
        return Unchanged(
            reason=f"{NO_DATABASE}; {newest.id} keeps the images that run",
            facts={"backup": newest.id},
        )
    release = format_releases(running_releases(ctx))
    return Change(summary=f"keep the images of release {release}{why}: {NO_DATABASE}")


def record_images(ctx: Context, images: Mapping[str, str]) -> Backup:
    """Add an entry with these images, by service, to the catalogue. Raises `BackupError`."""
    return ctx.catalogue.add_without_data(
        Manifest(
            id=new_id(),
            created_at=now(),
            database="",
            project=ctx.stack.project,
            server_vendor="",
            server_version="",
            release=running_release(ctx) or None,
            images=dict(images),
            digests=ctx.digests_of(name for name in images if name in ctx.stack.services),
            releases=running_by_service(ctx),
        )
    )


def _is_of_release(ctx: Context, backup: Backup, images: Mapping[str, str]) -> bool:
    """Whether the entry is of the running release, not of another with the same images."""
    manifest, running = backup.manifest, running_release(ctx) or None
    return (manifest.images, manifest.release) == (images, running) and (
        not manifest.releases or manifest.releases == running_by_service(ctx)
    )


def _has_images(ctx: Context, backup: Backup) -> bool:
    """Whether all of the entry's images still have the tags that keep them."""
    images = set(backup.manifest.images.values())
    return all(ctx.engine.image(kept_tag(ctx, image_id)) for image_id in images)
