"""Settle the steps of a run that has succeeded: remove what was kept only for an undo."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, to_cosmic_error
from cosmicdeploy.runs.undo.undo import Applied


def settle_all(ctx: Context, applied: Sequence[Applied]) -> None:
    """Settle steps of different kinds at the same time, and steps of one kind in their order.

    The kinds can run at the same time because no kind needs what another kind keeps. Never raises:
    an error is only a warning, since the run has succeeded. The next run cleans up instead.
    """
    by_kind: dict[str, list[Applied]] = {}
    for each in applied:
        by_kind.setdefault(each.step.kind, []).append(each)

    def settle_kind(steps: Sequence[Applied]) -> None:
        for each in steps:
            try:
                ctx.lock.require()
                each.step.settle(ctx, each.change)
            except Exception as error:  # includes a full disk
                _warn(ctx, each, to_cosmic_error(error))

    with ThreadPoolExecutor(max_workers=len(by_kind) or 1) as pool:
        list(pool.map(settle_kind, by_kind.values()))


def _warn(ctx: Context, applied: Applied, error: CosmicError) -> None:
    where = f" ({error.where})" if error.where else ""
    ctx.warn(
        f"the step {applied.step.name} left something for the next run to clean up:"
        f" {error.what}{where}"
    )
