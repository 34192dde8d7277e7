"""Errors for a load balancer of which no configuration can be read."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ProbeFailed


def nothing_mounted(ctx: Context, name: str, product: str) -> ProbeFailed:
    """Return the error for a load balancer that does not run, and has no files in the stack."""
    return ProbeFailed(
        f"{name} does not run, and no configuration of {product} is mounted into it",
        where=str(ctx.stack.file),
        todo="run `cosmicdeploy up`, then `cosmicdeploy doctor` again",
    )
