"""Images that are kept for a rollback, under a tag of their own."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context import Context
from cosmicdeploy.database.catalogue import Backup
from cosmicdeploy.engine.labels import kept_repository
from cosmicdeploy.journal import Record


def kept_tag(ctx: Context, image_id: str) -> str:
    """The name under which an image is kept for a rollback."""
    return f"{kept_repository(ctx.stack.project)}:{image_id.removeprefix('sha256:')[:12]}"


def last_releases(ctx: Context) -> list[Record]:
    """The journal's records of the last releases that the settings keep the way back for."""
    records = [r for r in ctx.journal.records() if r["kind"] == "release" and r.get("backup")]
    count = ctx.settings.backup.keep.releases
    return records[-count:] if count else []


def let_go_of_images(ctx: Context, removed: Iterable[Backup]) -> list[str]:
    """Remove images that were kept for removed backups only; their ids. Raises `EngineError`.

    Past releases in the journal are looked at again, since an image that a container used then may
    be free now.
    """
    needed = _needed(ctx)
    known = {image for backup in removed for image in backup.manifest.images.values()}
    known |= {i for r in ctx.journal.records() for i in _images(r)}
    gone = []
    for image_id in sorted(known - needed):
        if ctx.engine.image(kept_tag(ctx, image_id)) is None:
            continue
        ctx.engine.untag(kept_tag(ctx, image_id))  # with other tags, the image itself stays
        gone.append(image_id)
    return gone


def _needed(ctx: Context) -> set[str]:
    backups = {i for b in ctx.catalogue.list() for i in b.manifest.images.values()}
    releases = {i for record in last_releases(ctx) for i in _images(record)}
    containers = {c.image_id for c in ctx.engine.containers(ctx.stack.project)}
    return backups | releases | containers


def _images(record: Record) -> set[str]:
    if record["kind"] != "release":
        return set()
    return set((record.get("images") or {}).values())
