"""How a service's container differs from what it should be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, Difference, Image
from cosmicdeploy.errors import EngineError

STOPPED = "stopped"
MISSING = "no container"
ANOTHER_IMAGE = "another image runs"
# More keys than this are told by the plan alone.
KEYS_TOLD = 4


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A service's container as it is now; `reason` says why it is not what it should be, None where
    it is; `keys` are those of the compose file by which it differs."""

    container: Container | None
    reason: str | None
    keys: Sequence[Difference] = ()


def see(ctx: Context, name: str) -> Seen:
    """Look at a service's container. Raises `EngineError` where its image is not there."""
    container, image = ctx.container(name), ctx.image_of(name)
    if container is None:
        return Seen(container=None, reason=MISSING)
    if image is None:
        raise EngineError(
            f"The image {ctx.service(name).image} is not there",
            where=name,
            todo="build it: `cosmicdeploy step build`",
        )
    keys = ctx.engine.differences(container.id, ctx.service(name))
    reasons = [*_of_the_image(ctx, container, image), *_of_the_definition(keys)]
    if not container.is_running:
        reasons = reasons or [STOPPED]
    return Seen(container=container, reason=", ".join(reasons) or None, keys=keys)


def as_json(keys: Iterable[Difference]) -> list[dict[str, Any]]:
    """The keys as a report has them."""
    return [asdict(each) for each in keys]


def _of_the_image(ctx: Context, container: Container, image: Image) -> list[str]:
    if "build" in ctx.ahead:
        return ["an older image runs"]
    return [ANOTHER_IMAGE] if container.image_id != image.id else []


def _of_the_definition(keys: Sequence[Difference]) -> list[str]:
    told = [f"{each.key} {each.change}" for each in keys[:KEYS_TOLD]]
    more = len(keys) - len(told)
    return [*told, f"{more} more"] if more else told
