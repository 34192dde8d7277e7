"""How a service's container differs from what it should be."""

from __future__ import annotations

import json

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.digest import fingerprint
from cosmicdeploy.stack.model import Service

STOPPED = "stopped"
MISSING = "no container"


def difference(ctx: Context, name: str) -> str | None:
    """Why a service's container is not what it should be; None where it is."""
    container, image = ctx.container(name), ctx.image_of(name)
    if container is None:
        return MISSING
    if image is None:
        raise EngineError(
            f"The image {ctx.service(name).image} is not there",
            where=name,
            todo="build it: `cosmicdeploy step build`",
        )
    if "build" in ctx.ahead:
        return "an older image runs"
    if container.image_id != image.id:
        return "another image runs"
    if keys := _changed_keys(container, ctx.service(name)):
        return f"other {', '.join(keys)} in the compose file"
    return None if container.running else STOPPED


def _changed_keys(container: Container, service: Service) -> list[str]:
    """Keys of the definition that differ from what the container was made from.

    Of a container that Compose made this is not known, and not held against it.
    """
    made_from = json.loads(container.labels.get(labels.FINGERPRINT, "{}"))
    wanted = fingerprint(service)
    if not made_from:
        return []
    return sorted(k for k in made_from.keys() | wanted.keys() if made_from.get(k) != wanted.get(k))
