"""A tag that a rollback gave an older image is pulled again by the next deploy."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.steps.images.borrowed import is_borrowed


def record(ctx: Context, kind: str, images: dict[str, str], moved: list[str]) -> None:
    facts = {"images": images, "moved": moved} if kind == "images" else {"images": images}
    ctx.journal.append("done", step=kind, step_kind=kind, facts=facts)


def test_only_a_rollback_that_moved_the_tag_to_this_image_borrows_it(ctx: Context) -> None:
    assert not is_borrowed(ctx, "app:2", "old")
    record(ctx, "pull", {"app:2": "new"}, [])
    assert not is_borrowed(ctx, "app:2", "new")
    record(ctx, "images", {"app:2": "old", "web:2": "same"}, ["app:2"])
    assert is_borrowed(ctx, "app:2", "old")
    assert not is_borrowed(ctx, "web:2", "same"), "the rollback found it so"
    assert not is_borrowed(ctx, "app:2", "new"), "it was pulled by hand since"
    record(ctx, "pull", {"app:2": "new"}, [])
    assert not is_borrowed(ctx, "app:2", "old")
