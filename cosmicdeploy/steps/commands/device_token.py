"""The token of the device that the deployer's own heartbeats are of."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.steps.refusing import refusing


def require_token(ctx: Context) -> None:
    """Raise `Refused` where it is not set: known in the plan, so it is said there, and not after a
    whole rollout that would have to be undone."""
    beat = ctx.settings.verify.heartbeat
    if beat is None:
        return
    with refusing(ConfigError):
        ctx.loaded.secret(beat.token_variable)
