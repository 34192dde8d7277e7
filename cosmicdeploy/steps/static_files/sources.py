"""Find the service whose image fills a volume that the proxy serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.proxy.static_files.record import read_record
from cosmicdeploy.proxy.static_files.served import Served, files_of, served_volumes
from cosmicdeploy.steps.static_files.renew import existing_image


def users_of_volumes(ctx: Context) -> list[Sequence[Served]]:
    """Return, for each volume that the proxy serves, the services that mount it."""
    users: dict[str, list[Served]] = {}
    for name in ctx.settings.services.deployed:
        for served in served_volumes(ctx, ctx.service(name)):
            users.setdefault(served.volume, []).append(served)
    return list(users.values())


def source_of(ctx: Context, users: Sequence[Served]) -> Served:
    """Return the service whose image has files for a volume; the first service if no image has.

    Also returns the first service if all have the same image, without looking into it. Raises
    `CosmicError` if several images have files for the volume.
    """
    # Each image's first service: in the reversed order it comes last, and overwrites the others.
    by_image = {image_name(ctx, each): each for each in reversed(users)}
    if len(by_image) == 1:
        return users[0]
    filling = [each for each in by_image.values() if _has_files(ctx, each)]
    if len(filling) > 1:
        raise CosmicError(
            f"The images of {filling[1].service} and {filling[0].service} both have files for the"
            f" volume {users[0].volume}",
            where=str(ctx.stack.file),
            todo="give each a volume of its own, or name it in `volumes.left_alone`",
        )
    return filling[0] if filling else users[0]


def image_name(ctx: Context, served: Served) -> str:
    """Return the name of the image that the service declares."""
    return ctx.service(served.service).image


def _has_files(ctx: Context, served: Served) -> bool:
    image = ctx.image_of(served.service)
    return image is not None and bool(files_of(ctx, image.id, served.mount.target))


def journal_facts(ctx: Context, served: Served) -> dict[str, Any]:
    """Return what the journal records of a volume before its files are replaced."""
    return {
        "service": served.service,
        "target": served.mount.target,
        "subpath": served.mount.volume.subpath,
        "image": existing_image(ctx, served.service).id,
        "had_record": read_record(ctx, served.volume) is not None,
    }
