"""Images kept for a rollback, under tags in a repository of their own."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.labels import kept_repository
from cosmicdeploy.journal.lines import Record
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import BUILD, PULL


def kept_tag(ctx: Context, image_id: str) -> str:
    """Return the tag under which an image is kept for a rollback."""
    return f"{kept_repository(ctx.stack.project)}:{image_id.removeprefix('sha256:')[:12]}"


def last_releases(ctx: Context) -> list[Record]:
    """Return the journal's records of the last releases that can be rolled back.

    These are the releases whose records name a backup. Returns at most as many as
    `backup.keep.releases` says.
    """
    count = ctx.settings.backup.keep.releases
    records = [
        record
        for record in ctx.journal.search(lambda line: b'"release"' in line)
        if record["kind"] == "release"
        # `backup create` also leaves a record of the kind `release`, though it is no release.
        and RunKind.of_record(record).places_release
        and rollback_backups(record)
    ]
    return records[-count:] if count else []


def rollback_backups(record: Record) -> list[str]:
    """Return the ids of the backups that lead back to the release before the recorded one.

    Records of earlier versions of cosmicdeploy name at most one backup.
    """
    return list(record.get("backups") or filter(None, [record.get("backup")]))


def remove_kept_tags(ctx: Context, images: Iterable[str]) -> list[str]:
    """Remove the tags of images that are no longer needed; return the ids of these images.

    Removes the kept tags, and the tags under which runs built or pulled these images, except tags
    in the compose file. If an image has other tags, the image itself stays. An image that a
    container uses counts as needed, because the backup of the next deploy will name it. Raises
    `EngineError`.
    """
    unneeded = sorted(set(images) - needed_images(ctx))
    kept = [image for image in unneeded if ctx.engine.image(kept_tag(ctx, image))]
    tags = _tags_of_runs(ctx) if kept else {}
    for image_id in kept:
        if own := tags.get(image_id):
            _remove_tags(ctx, image_id, own)
        ctx.engine.untag(kept_tag(ctx, image_id))
    return kept


def _remove_tags(ctx: Context, image_id: str, tags: Iterable[str]) -> None:
    """Remove each of these tags that names the image, unless another project uses the image."""
    if ctx.engine.containers_of_images({image_id}, except_project=ctx.stack.project):
        return
    for tag in sorted(tags):
        image = ctx.engine.image(tag)
        if image is not None and image.id == image_id:
            ctx.engine.untag(tag)


def _tags_of_runs(ctx: Context) -> dict[str, set[str]]:
    """Return the tags under which runs built or pulled images, by image id.

    Leaves out tags in the compose file, and references by digest. The journal does not have tags
    that were set outside of a run.
    """
    declared = {service.image for service in ctx.stack.services.values()}
    tags: dict[str, set[str]] = {}
    for record in ctx.journal.search(lambda line: b'"images"' in line):
        if record["kind"] == "done" and record["step_kind"] in (BUILD, PULL):
            for tag, image_id in (record["facts"].get("images") or {}).items():
                if tag not in declared and "@" not in tag:
                    tags.setdefault(image_id, set()).add(tag)
    return tags


def needed_images(ctx: Context) -> set[str]:
    """Return the ids of images that a backup, a kept release or a container needs."""
    backups = {i for b in ctx.catalogue.list() for i in b.manifest.images.values()}
    releases = {i for r in last_releases(ctx) for i in (r.get("images") or {}).values()}
    containers = {c.image_id for c in ctx.engine.containers(ctx.stack.project)}
    return backups | releases | containers
