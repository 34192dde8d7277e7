"""The device token with which the deployer sends its own heartbeats."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.steps.refusing import refusing


def require_token(ctx: Context) -> None:
    """Raise `Refused` if the token is not set: in the plan, before a rollout that would have to be
    undone."""
    beat = ctx.settings.verify.heartbeat
    if beat is None:
        return
    with refusing(ConfigError):
        ctx.loaded.secret(beat.token_variable)
