"""Count what the proxy itself calls a failure during a rollout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable, LockLost
from cosmicdeploy.proxy import load_balancer


@contextmanager
def counted_failures(ctx: Context) -> Iterator[dict[str, int]]:
    """Count the proxy's failures during the block; the yielded counts are complete after it.

    They stay empty if the proxy counts none, or was restarted in the block. An error of the proxy
    is ignored: the requests that the run sends show failures too, but for fewer pages.
    """
    before, counts = _failures(ctx), dict[str, int]()
    yield counts
    after = _failures(ctx) if before else {}
    if after and all(after.get(what, 0) >= count for what, count in before.items()):
        counts |= {what: after[what] - before.get(what, 0) for what in after}
        if failed := [f"{what} {count}" for what, count in counts.items() if count]:
            ctx.say(f"{load_balancer(ctx).name} counted: {', '.join(failed)}")


def _failures(ctx: Context) -> Mapping[str, int]:
    try:
        return load_balancer(ctx).failures()
    except (LockLost, EngineUnavailable):
        raise
    except CosmicError:
        return {}
