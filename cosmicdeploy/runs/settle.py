"""Settle the steps of a run that has succeeded: remove what was kept only for an undo."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.runs.undo import Applied


def settle_all(ctx: Context, applied: Sequence[Applied]) -> None:
    """Settle steps of different kinds at the same time, and those of one kind in their order.

    The kinds can run at the same time because none needs what another keeps. A `CosmicError` is
    only reported, since the run has succeeded; the recover step of the next run cleans up instead.
    """
    by_kind: dict[str, list[Applied]] = {}
    for each in applied:
        by_kind.setdefault(each.step.kind, []).append(each)

    def settle_kind(steps: Sequence[Applied]) -> None:
        for each in steps:
            try:
                ctx.lock.require()
                each.step.settle(ctx, each.change)
            except CosmicError as error:
                ctx.say(f"left for the next run to clean up: {error.what}")

    with ThreadPoolExecutor(max_workers=len(by_kind) or 1) as pool:
        list(pool.map(settle_kind, by_kind.values()))
