"""Try the proxy's new container before the running container is stopped."""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, UnhealthyContainer
from cosmicdeploy.proxy import load_balancer
from cosmicdeploy.stack.data_keepers import writable_mounts
from cosmicdeploy.steps.commands.trial import start_trial
from cosmicdeploy.steps.infrastructure.answers import wait_settled
from cosmicdeploy.steps.rollout.drift import MISSING, STARTED_IN_PLACE


def try_proxy(ctx: Context, reasons: Mapping[str, str]) -> None:
    """If a rollout replaces the proxy, try its new image and configuration in a trial container.

    The trial gets no request. So a configuration that the proxy refuses is found while the running
    proxy still serves. `reasons` says for each service why it is in the rollout. Raises
    `UnhealthyContainer` with the trial's last log lines.
    """
    name = ctx.settings.services.proxy
    if name is None or reasons.get(name) in (None, MISSING, *STARTED_IN_PLACE):
        return
    if why := _cannot_be_tried(ctx, name):
        ctx.say(f"{name} is not tried before it is replaced: {why}")
        return
    trial_id = start_trial(ctx, name)
    try:
        container = ctx.engine.container(trial_id)
        if container is None:
            raise CosmicError("The trial of the proxy was removed", where=name)
        wait_settled(ctx, container, name)
    except UnhealthyContainer as error:
        raise UnhealthyContainer(
            f"The new container of {name} does not start: {error.what}; the running one was not"
            " touched",
            where=f"trial of {name}",
            todo="correct its configuration; its last log lines are above",
            details=error.details,
        ) from error
    finally:
        ctx.engine.discard(trial_id)
    ctx.say(f"{name} starts with its new image and configuration")


def _cannot_be_tried(ctx: Context, name: str) -> str:
    """Return why two containers of the proxy must not run at the same time; "" if they may."""
    service = ctx.service(name)
    mode = service.network_mode or ""
    if mode == "host" or mode.startswith(("service:", "container:")):
        return f"it listens in the network {mode}, as the running container does"
    targets = ", ".join(mount.target for mount in writable_mounts(service))
    may_share = not targets or load_balancer(ctx).shares_volumes
    return "" if may_share else f"it may write to {targets}"
