"""Keep an image that another tool built, if a build now gives exactly the same image.

If the image was built from the same sources on this engine, BuildKit takes the whole build from its
cache. The result then has the same id, which is the digest of an image's content and configuration.
The image cannot get the label with the digest of its sources, since a label changes the
configuration. So the journal records that digest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.journal.step_kinds import BUILD
from cosmicdeploy.stack.model import Build

# The key under which a build's facts have the adopted images: image id → digest of its sources.
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
    """Return image id → newest recorded digest of its sources, of adopted images in the journal."""
    adopted: dict[str, str] = {}
    text = f'"{ADOPTED}"'.encode()
    for record in ctx.journal.search(lambda line: text in line):
        if record["kind"] == "done" and record["step_kind"] == BUILD:
            adopted |= record["facts"].get(ADOPTED) or {}
    return adopted


def adopt(
    ctx: Context, build: Build, name: str, digest: str, on_line: Callable[[str], None]
) -> bool:
    """Build the image of this name once more; return whether that gives the same image.

    If so, `known_digest` returns `digest` for the image from now on, and the image stays. Returns
    False without a build if the image does not exist, if the digest of its sources is
    known, or if the build uses no cache. Raises what a build raises.
    """
    image = ctx.engine.image(name)
    if image is None or build.no_cache or build.no_cache_filter or known_digest(ctx, image):
        return False
    # With Compose's labels, since they are part of the configuration, and so of the id.
    labels_of_compose = {k: v for k, v in image.labels.items() if k.startswith(OF_COMPOSE)}
    built = ctx.engine.build(build, name, labels_of_compose, on_line)
    if built != image.id:
        ctx.engine.remove_unused_image(built)
        return False
    ctx.lookup_cache.adopted[image.id] = digest
    ctx.say(f"{name} stays: a build gives the same image")
    return True
