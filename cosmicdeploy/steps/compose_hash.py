"""The label by which `docker compose up` sees whether a container is as the file says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.compose_tool import config_hashes
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.stack.service_digest import digest

ASKED = "config hashes"


def config_hash(ctx: Context, name: str) -> str:
    """What the Compose of this machine says; without one the hash of the container that is there,
    where nothing changed, else a digest of our own."""
    # An answer that did not come in time may come the next time.
    told: Mapping[str, str] = ctx.lookup_cache.get(ASKED) or _told(ctx)
    ctx.lookup_cache[ASKED] = told
    return told.get(name) or _carried_over(ctx, name) or digest(ctx.service(name))


def ask_early(ctx: Context) -> None:
    """Have Compose asked in the background: it takes a second, and is kept for `config_hash`."""

    def ask() -> None:
        with suppress(CosmicError):  # who needs it asks again, and is told
            _told(ctx)

    threading.Thread(target=ask, name="compose-hash", daemon=True).start()


def _told(ctx: Context) -> Mapping[str, str]:
    stack = ctx.stack
    images = [image.id if image else "" for image in ctx.images_of(stack.services).values()]
    state = (*images, *map(digest, stack.services.values()))
    return config_hashes(stack.project, stack.file, stack.env_file, state)


def _carried_over(ctx: Context, name: str) -> str | None:
    container = ctx.container(name)
    if container is None or ctx.engine.differences(container.id, ctx.service(name)):
        return None
    return container.labels.get(labels.CONFIG_HASH)
