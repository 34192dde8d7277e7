"""Images that are kept for a rollback, under tags of their own."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context import Context
from cosmicdeploy.engine.labels import kept_repository
from cosmicdeploy.journal.journal import Record
from cosmicdeploy.journal.run_kind import RunKind


def kept_tag(ctx: Context, image_id: str) -> str:
    """Return the tag under which an image is kept for a rollback."""
    return f"{kept_repository(ctx.stack.project)}:{image_id.removeprefix('sha256:')[:12]}"


def last_releases(ctx: Context) -> list[Record]:
    """Return the journal's records of the last releases whose backups the settings keep."""
    count = ctx.settings.backup.keep.releases
    records = [
        record
        for record in ctx.journal.records()
        if record["kind"] == "release"
        # A backup made by hand leaves such a record as well.
        and RunKind.of_record(record).places_release
        and ways_back(record)
    ]
    return records[-count:] if count else []


def ways_back(record: Record) -> list[str]:
    """Return the ids of the backups that undo a release; records of earlier versions name one at
    most."""
    return list(record.get("backups") or filter(None, [record.get("backup")]))


def let_go_of_images(ctx: Context, images: Iterable[str]) -> list[str]:
    """Remove the tags of images that are no longer needed; return their ids. Raises `EngineError`.

    An image that a container uses stays: the next deploy's backup names it again.
    """
    unneeded = sorted(set(images) - _needed(ctx))
    gone = [image for image in unneeded if ctx.engine.image(kept_tag(ctx, image))]
    for image_id in gone:
        ctx.engine.untag(kept_tag(ctx, image_id))  # with other tags, the image itself stays
    return gone


def _needed(ctx: Context) -> set[str]:
    backups = {i for b in ctx.catalogue.list() for i in b.manifest.images.values()}
    releases = {i for r in last_releases(ctx) for i in (r.get("images") or {}).values()}
    containers = {c.image_id for c in ctx.engine.containers(ctx.stack.project)}
    return backups | releases | containers
