"""Registry tags that a rollback moved to an older release's image, on this engine only."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.step_kinds import IMAGES


def is_borrowed(ctx: Context, tag: str, image_id: str) -> bool:
    """Return whether a rollback made this tag name this image; if so, a deploy pulls the tag again.

    A rollback lets the tag name the image that runs, so that `docker compose up` changes nothing.
    The newest record of a step that names the tag decides.
    """
    text, is_moved = tag.encode(errors="replace"), False
    for record in ctx.journal.search(lambda line: text in line):
        facts = record.get("facts") or {}
        if record["kind"] == "done" and tag in (facts.get("images") or {}):
            moved = record["step_kind"] == IMAGES and tag in facts.get("moved", ())
            is_moved = moved and facts["images"][tag] == image_id
    return is_moved
