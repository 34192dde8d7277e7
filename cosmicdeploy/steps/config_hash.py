"""The label by which `docker compose up` sees whether a container is as the file says."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.compose_tool import config_hashes
from cosmicdeploy.stack.digest import digest


def config_hash(ctx: Context, name: str) -> str:
    """What the Compose of this machine says; without one the hash of the container that is there,
    where nothing changed, else a digest of our own."""
    stack = ctx.stack
    images = [image.id if (image := ctx.image_of(each)) else "" for each in stack.services]
    state = (*images, *map(digest, stack.services.values()))
    told = config_hashes(stack.project, stack.file, stack.env_file, state)
    return told.get(name) or _carried_over(ctx, name) or digest(ctx.service(name))


def _carried_over(ctx: Context, name: str) -> str | None:
    container = ctx.container(name)
    if container is None or ctx.engine.differences(container.id, ctx.service(name)):
        return None
    return container.labels.get(labels.CONFIG_HASH)
