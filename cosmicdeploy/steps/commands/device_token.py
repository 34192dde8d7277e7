"""The device token with which the deployer sends its own heartbeats."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.steps.refusing import refusing


def require_token(ctx: Context) -> None:
    """Raise `Refused` if heartbeats are configured but their token is not set.

    Steps call this while a plan is made, so that a missing token does not fail a run after its
    rollout.
    """
    heartbeat = ctx.settings.verify.heartbeat
    if heartbeat is None:
        return
    with refusing(ConfigError):
        ctx.loaded.secret(heartbeat.token_variable)
