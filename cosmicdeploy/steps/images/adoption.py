"""Keep an image that something else built, if a build now gives the very same image.

An image built from the same sources on this engine gives a build that BuildKit takes from its cache
whole, down to the id, which is the digest of the image's content and configuration. The image
itself cannot get the label with the digest of its sources, since that is part of its configuration:
the journal has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.journal.step_kinds import BUILD
from cosmicdeploy.stack.model import Build

# The key of the facts of a build with the adopted images: image id → digest of its sources.
ADOPTED = "adopted"
# Beginning of the labels that Compose gives the images that it builds.
OF_COMPOSE = "com.docker.compose."


def known_digest(ctx: Context, image: Image) -> str | None:
    """Return the digest of what an image was built from; None if it is unknown."""
    if digest := image.labels.get(labels.CONTEXT):
        return digest
    if digest := ctx.lookup_cache.adopted.get(image.id):
        return digest
    if ctx.lookup_cache.recorded_adoptions is None:
        ctx.lookup_cache.recorded_adoptions = _recorded_adoptions(ctx)
    return ctx.lookup_cache.recorded_adoptions.get(image.id)


def _recorded_adoptions(ctx: Context) -> Mapping[str, str]:
    """Return what the journal has of adopted images; the newest digest of an image counts."""
    adopted: dict[str, str] = {}
    text = f'"{ADOPTED}"'.encode()
    for record in ctx.journal.search(lambda line: text in line):
        if record["kind"] == "done" and record["step_kind"] == BUILD:
            adopted |= record["facts"].get(ADOPTED) or {}
    return adopted


def adopt(
    ctx: Context, build: Build, name: str, digest: str, on_line: Callable[[str], None]
) -> bool:
    """Build once more the image that this name has; return whether that gives the same image.

    Returns False if there is none, if its sources are known, or if the build uses no cache. Raises
    what a build raises.
    """
    image = ctx.engine.image(name)
    if image is None or build.no_cache or build.no_cache_filter or known_digest(ctx, image):
        return False
    own = {key: value for key, value in image.labels.items() if key.startswith(OF_COMPOSE)}
    made = ctx.engine.build(build, name, own, on_line)
    if made != image.id:
        ctx.engine.remove_unused_image(made)
        return False
    ctx.lookup_cache.adopted[image.id] = digest
    ctx.say(f"{name} stays: a build gives the same image")
    return True
