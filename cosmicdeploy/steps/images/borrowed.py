"""Tags of a registry that a rollback pointed at an older release's image, on this engine only."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.journal.step_kinds import IMAGES


def is_borrowed(ctx: Context, tag: str, image_id: str) -> bool:
    """Return whether a tag names this image because of a rollback, so that a deploy pulls it again.

    The rollback has the tag name the image that runs, so that Compose's `up` changes nothing.
    """
    for record in reversed(list(ctx.journal.records())):
        facts = record.get("facts") or {}
        if record["kind"] == "done" and tag in (facts.get("images") or {}):
            moved = record["step_kind"] == IMAGES and tag in facts.get("moved", ())
            return moved and facts["images"][tag] == image_id
    return False
