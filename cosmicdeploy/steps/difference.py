"""How a service's container differs from what it should be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container, Difference, Image
from cosmicdeploy.errors import EngineError

STOPPED = "stopped"
MISSING = "no container"
ANOTHER_IMAGE = "another image runs"
# More keys than this are told by the plan alone.
KEYS_TOLD = 4


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
    keys = ctx.engine.differences(container.id, ctx.service(name))
    reasons = [*_of_the_image(ctx, container, image), *_of_the_definition(keys)]
    if reasons:
        return ", ".join(reasons)
    return None if container.running else STOPPED


def differences(ctx: Context, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Service → the keys of the compose file by which its container differs, as JSON; services
    that do not differ are left out."""
    found = {
        name: ctx.engine.differences(container.id, ctx.service(name))
        for name in names
        if (container := ctx.container(name)) is not None
    }
    return {name: [asdict(each) for each in keys] for name, keys in found.items() if keys}


def _of_the_image(ctx: Context, container: Container, image: Image) -> list[str]:
    if "build" in ctx.ahead:
        return ["an older image runs"]
    return [ANOTHER_IMAGE] if container.image_id != image.id else []


def _of_the_definition(keys: Sequence[Difference]) -> list[str]:
    told = [f"{each.key} {each.change}" for each in keys[:KEYS_TOLD]]
    more = len(keys) - len(told)
    return [*told, f"{more} more"] if more else told
